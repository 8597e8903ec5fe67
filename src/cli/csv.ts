// Comma-separated values (RFC 4180), as spreadsheets read them.

/** A first character that makes a spreadsheet calculate what it should show. */
const formula = /^[=+\-@\t\r]/;

/** Lines that end in CRLF. @param rows numbers are written as they are */
export function csv(rows: readonly (readonly (string | number)[])[]): string {
  return rows.map(row => `${row.map(cell).join(',')}\r\n`).join('');
}

function cell(value: string | number): string {
  if (typeof value === 'number') return String(value);
  // An apostrophe in front says that it is text.
  const text = formula.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
