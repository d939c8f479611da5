// What `make check` asks of the views' scripts. They run in a browser as they are: no build, no types, no packages.

const BROWSER = `
  AbortController Audio Blob CustomEvent DataView DecompressionStream Event EventTarget KeyboardEvent MutationObserver NodeFilter OffscreenCanvas Path2D
  ResizeObserver Response URL atob cancelAnimationFrame clearTimeout createImageBitmap crypto devicePixelRatio document getComputedStyle
  globalThis localStorage navigator performance queueMicrotask requestAnimationFrame screen setTimeout structuredClone window`;
const globals = Object.fromEntries(BROWSER.trim().split(/\s+/).map((name) => [name, "readonly"]));

// A name says what a thing is, not how it came. Not here: what the DOM calls so (hidden, left), and states that are
// what the thing is (chosen, done, gone, lost, seen, undone). Keys of messages may be read under their own name.
const NAMES_OF_ANYTHING = `
  asked been begun bought bred brought built burnt caught dealt does drawn driven eaten fallen fed felt forgotten fought found
  given got gotten grown half heard held hung kept known laid learnt lent made meant met news own paid said sent shown shut sold
  spent spoken stolen stood struck sung sunk taken taught thought thrown told torn understood wanted won worn written`;

const RULES = {
  "array-callback-return": "error",
  complexity: ["error", 22],
  eqeqeq: "error",
  "id-denylist": ["error", ...NAMES_OF_ANYTHING.trim().split(/\s+/)],
  "no-constant-binary-expression": "error",
  "no-constant-condition": "error",
  "no-const-assign": "error",
  "no-dupe-args": "error",
  "no-dupe-class-members": "error",
  "no-dupe-else-if": "error",
  "no-dupe-keys": "error",
  "no-eval": "error",
  "no-fallthrough": "error",
  "no-implied-eval": "error",
  "no-loss-of-precision": "error",
  "no-new-func": "error",
  "no-redeclare": "error",
  "no-restricted-properties": ["error", ...["innerHTML", "outerHTML", "insertAdjacentHTML"].map((property) => ({ property, message: "Data is hostile: use h() of base/dom.js." }))],
  "no-self-assign": "error",
  "no-self-compare": "error",
  "no-shadow": "error",
  "no-undef": "error",
  "no-unreachable": "error",
  "no-unsafe-finally": "error",
  "no-unsafe-optional-chaining": "error",
  "no-unused-expressions": ["error", { allowShortCircuit: true, allowTernary: true }],
  "no-unused-vars": ["error", { argsIgnorePattern: "^_", ignoreRestSiblings: true }],
  "no-use-before-define": ["error", { functions: false, classes: false, variables: false }],
  "no-useless-catch": "error",
  "no-useless-return": "error",
  "no-var": "error",
  "object-shorthand": "error",
  "prefer-const": ["error", { destructuring: "all" }],
  "require-yield": "error",
  "use-isnan": "error",
  "valid-typeof": "error",
};

export default [
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  { files: ["spin_nb/views/**/*.js", "tests/views/**/*.js"], languageOptions: { ecmaVersion: 2024, sourceType: "module", globals }, rules: RULES },
  // Put behind jupyter-scatter's own script, whose names it uses.
  { files: ["spin_nb/views/map/scatter_patch.js"], languageOptions: { globals: { JupyterScatterView: "readonly", camelToSnake: "readonly", createRenderer: "readonly" } } },
  { files: ["tests/views/js/*.mjs"], languageOptions: { ecmaVersion: 2024, sourceType: "module", globals: { ...globals, process: "readonly" } }, rules: RULES },
];
