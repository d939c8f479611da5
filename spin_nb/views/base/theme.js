// Tells Python whether the page is dark and which paper it has, now and when that changes.

import { startAgain } from "./restart.js";

function lookAt(model) {
  const probe = document.createElement("span");
  probe.style.cssText = "display:none;color:var(--jp-layout-color0,Canvas)";
  document.body.appendChild(probe);
  const numbers = getComputedStyle(probe).color.match(/[\d.]+/g) || [255, 255, 255];
  probe.remove();
  const rgb = numbers.slice(0, 3).map((x) => Math.max(0, Math.min(255, Math.round(Number(x)))));
  const lightFlag = document.body.dataset.jpThemeLight;
  const dark = lightFlag ? lightFlag === "false" : rgb[0] * 0.2126 + rgb[1] * 0.7152 + rgb[2] * 0.0722 < 128;
  model.set("paper", "#" + rgb.map((x) => x.toString(16).padStart(2, "0")).join(""));
  model.set("dark", dark);
  model.save_changes();
}

function initialize({ model }) {
  startAgain({ model });
  const again = () => setTimeout(() => lookAt(model), 50);
  const watcher = new MutationObserver(again);
  const attributeFilter = ["data-jp-theme-light", "data-jp-theme-name", "class"];
  watcher.observe(document.body, { attributes: true, attributeFilter });
  lookAt(model);
  again();
  return () => watcher.disconnect();
}

export default { initialize };
