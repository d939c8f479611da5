// Every editor; each enters itself in the registry.

import "./classes.js";
import "./multilabel.js";
import "./number.js";
import "./spans.js";
import "./text.js";
import "./pairs.js";
import "./boxes.js";
import "./polygons.js";
import "./keypoints.js";
