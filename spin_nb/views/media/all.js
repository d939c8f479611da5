// Every medium; each enters itself in the registry.

import "./viewport.js";
import "./text.js";
import "./series.js";
import "./audio.js";
import "./video.js";
import "./several.js";
