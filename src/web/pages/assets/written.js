// The page of a channel that is written to: painting its hours. Without this they are typed.

import { calendar } from "./calendar.js";
import { week } from "./hours.js";

const form = document.querySelector("#written");
const nothing = () => {};

week(form, nothing);
calendar(form, nothing);
