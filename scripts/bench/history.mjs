// Whether a report costs the Arbiter more after years of history than after a day. At sixty
// origins, by the engines alone, simulated (examples/scale.rs).

import { engines } from "./scale.mjs";

const DAYS = [1, 30, 400];

export async function history({ most = 400 }) {
  const days = DAYS.filter((number) => number < most).concat(most);
  const said = engines(["days", ...days]);
  const lines = [];
  for (const of of said) {
    const { rows, us_per_report, us_per_rollup, longest_report_us, most_rows_read, longest_tick_us } = of;
    console.log(
      `[history] after day ${of.days}, ${rows} rows: ${us_per_report} µs a report, ${us_per_rollup} µs with a rollup, ` +
        `${longest_report_us} µs at most; ${most_rows_read} rows read at most; a tick ${longest_tick_us} µs at most`,
    );
    lines.push(`history longest report after ${of.days} days: ${longest_report_us} µs`);
  }
  const [first, last] = [said[0], said.at(-1)];
  lines.push(
    `history cost of a report after ${last.days} days against ${first.days}: ${(last.us_per_report / first.us_per_report).toFixed(2)}`,
  );
  return lines;
}
