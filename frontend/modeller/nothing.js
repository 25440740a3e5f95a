// In the place of what the properties panel brings for other engines: editors of FEEL and JSON, which nothing here
// opens, and readers of their variables. Half of the bundle would be theirs.

export const Annotation = { define: () => null };
export const EditorState = null;
export const EditorView = null;
export const FeelersEditor = null;
export const arrayMoveMutable = null;
export const bracketMatching = null;
export const closeBrackets = null;
export const closeBracketsKeymap = null;
export const defaultHighlightStyle = null;
export const defaultKeymap = null;
export const drawSelection = null;
export const foldGutter = null;
export const foldKeymap = null;
export const getVariablesForElement = null;
export const getVariablesForScope = null;
export const highlightSpecialChars = null;
export const history = null;
export const historyKeymap = null;
export const json = null;
export const jsonParseLinter = () => null;
export const keymap = null;
export const lineNumbers = null;
export const linter = null;
export const placeholder = null;
export const syntaxHighlighting = null;
export default null;
