// Named exports are handlers too. Types are dropped, enums and imports are compiled and bundled.
import { type Currency, format } from './money.ts';

export interface Line {
  item: string;
  price: number;
  quantity: number;
}

export interface Invoice {
  lines: Line[];
  currency: Currency;
}

export function invoiceTotal({ lines, currency }: Invoice): string {
  const sum = lines.reduce((total, { price, quantity }) => total + price * quantity, 0);
  return format(sum, currency);
}

export function dearest({ lines }: Pick<Invoice, 'lines'>): Line | undefined {
  return lines.toSorted((a, b) => b.price - a.price).at(0);
}
