/** A table as a file, in which no cell can be taken for a formula. */

function cell(text: string): string {
  const plain = text.replaceAll("−", "-").replaceAll(",", "");
  const isNumber = /^[+-]?\d+(\.\d+)?$/.test(plain);
  const safe = isNumber ? plain : /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function csvOf(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  return [columns, ...rows].map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
}

export function SaveCsv({ name, columns, rows }: {
  name: string;
  columns: readonly string[];
  rows: readonly (readonly string[])[];
}) {
  const save = () => {
    const url = URL.createObjectURL(new Blob([csvOf(columns, rows)], { type: "text/csv" }));
    const link = Object.assign(document.createElement("a"), { href: url, download: `offbeat-${name}.csv` });
    link.click();
    URL.revokeObjectURL(url);
  };
  return (
    <button type="button" class="quiet" onClick={save} disabled={rows.length === 0}>
      Save as CSV
    </button>
  );
}
