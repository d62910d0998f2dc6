import { declare } from "../shared/http/operation.ts";
import type { Services } from "./services.ts";

/** Declares an operation of this app. See `CONTRIBUTING.md`, "Add an operation". */
export const operation = declare<Services>();
