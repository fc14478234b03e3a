// What Rust wrote down has the types that the JavaScript of the worker is checked against. `tsc`
// reads this; nothing runs it.

import type { Open, Send, Step } from "../../types/worker.js";
import addresses from "./addresses.json";
import fields from "./fields.json";
import steps from "./steps.json";

export const open: Open = addresses.open;
export const sends: Send[] = fields.rows.map(({ send }) => send);
export const every: Step[] = steps;
