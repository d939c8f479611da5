// Modules that several views share: each crosses once to a page, as gzip in a model of its own (library.py).

const PAGE = Symbol.for("spin_nb.libraries");
const MODULES = (globalThis[PAGE] ??= new Map()); // key -> promise of the module, for all notebooks of the page
const AGAIN = 1000; // milliseconds; after a reload a view may be there before its library
const TRIES = 30;

async function unpack(packed) {
  const bytes = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(bytes).arrayBuffer();
}

async function load(model, id) {
  const shelf = await model.widget_manager.get_model(id);
  const text = await unpack(shelf.get("packed"));
  const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  try {
    return await import(url);
  } finally {
    URL.revokeObjectURL(url);
  }
}

/** The module at `where` ({id, key}); whoever comes later shares it, and what failed may be tried again. */
function library(model, { id, key }) {
  if (!MODULES.has(key)) {
    const module = load(model, id);
    MODULES.set(key, module);
    module.catch(() => MODULES.delete(key));
  }
  return MODULES.get(key);
}

/** The same, patiently. */
export async function libraryPatiently(model, where, tries = TRIES) {
  try {
    return await library(model, where);
  } catch (error) {
    if (tries <= 0) throw error;
    await new Promise((resolve) => setTimeout(resolve, AGAIN));
    return libraryPatiently(model, where, tries - 1);
  }
}
