// Work for a processor: 20 KB of JSON are read, changed and written. Free of imports, so that all can load it.
const records = Array.from({ length: 112 }, (_, i) => ({
  id: i,
  name: `customer ${i}`,
  email: `customer.${i}@example.org`,
  balance: i * 12.5,
  active: i % 3 !== 0,
  address: { street: `${i} Main Street`, city: 'Springfield', zip: 10_000 + i },
  tags: ['new', `group-${i % 7}`],
}));
const text = JSON.stringify(records);

/** The length of the new text and its characters at some places, in one number. */
export default function json(i) {
  const changed = JSON.parse(text).map(({ name, balance, tags, ...rest }) => ({
    ...rest,
    name: name.toUpperCase(),
    balance: balance + (i % 8),
    tags: tags.join(),
  }));
  const written = JSON.stringify(changed);
  let mark = written.length;
  for (let at = 0; at < written.length; at += 64) mark = (Math.imul(mark, 31) + written.charCodeAt(at)) | 0;
  return mark;
}
