"use strict";
// Sorts the table by the column whose heading is pressed; pressed again, the other way round.
const table = document.querySelector("table.all"), body = table.tBodies[0];
const headings = [...table.tHead.rows[0].cells];
const value = (row, column) => {
  const cell = row.cells[column], text = cell.dataset.sort ?? cell.textContent.trim();
  if (text === "") return null;
  return cell.dataset.sort === undefined || Number.isNaN(Number(text)) ? text : Number(text);
};
headings.forEach((heading, column) => heading.querySelector("button").addEventListener("click", () => {
  const down = heading.getAttribute("aria-sort") === "ascending";
  headings.forEach((other) => other.setAttribute("aria-sort", "none"));
  heading.setAttribute("aria-sort", down ? "descending" : "ascending");
  const rows = [...body.rows].sort((one, other) => {
    const [a, b] = [value(one, column), value(other, column)];
    if (a === null || b === null) return (a === null) - (b === null); // what is missing comes last
    const less = typeof a === "number" ? a - b : a.localeCompare(b, undefined, { numeric: true });
    return down ? -less : less;
  });
  body.append(...rows);
}));
document.documentElement.dataset.ready = "yes";
