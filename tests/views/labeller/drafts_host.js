// Drafts and their storage, for a test to use.

import { Drafts } from "../../../spin_nb/views/labeller/drafts.js";
import { storageOf } from "../../../spin_nb/views/labeller/outbox.js";

Object.assign(window, { Drafts, storageOf });
