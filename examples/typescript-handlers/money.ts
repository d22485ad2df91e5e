export enum Currency {
  Euro = 'EUR',
  Yen = 'JPY',
}

const DECIMALS: Record<Currency, number> = { [Currency.Euro]: 2, [Currency.Yen]: 0 };

export function format(amount: number, currency: Currency): string {
  return `${amount.toFixed(DECIMALS[currency])} ${currency}`;
}
