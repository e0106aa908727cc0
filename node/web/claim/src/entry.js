import { open } from "./main.js";

open(window);
