/** A Markdown table, padded so that it reads as plain text too; only its first column is text. */
export function table(head, rows) {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column].length)));
  const pad = (cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]));
  const line = (row) => `| ${row.map(pad).join(' | ')} |`;
  const dashes = widths.map((width, column) => (column === 0 ? '' : ':').padStart(width, '-'));
  return [line(head), line(dashes), ...rows.map(line)].join('\n');
}
