import { readFileSync } from "node:fs";
import ts from "typescript";

/** What the docstring of an option says. */
export interface Docstring {
  /** In one line, without tags. */
  text: string;
  /** What stands after `@default`. */
  defaultText?: string;
}

/** The docstrings of all options that are declared in a file's schemas, by the option's name; the first one counts. */
export function docstringsIn(path: string): Map<string, Docstring> {
  const found = new Map<string, Docstring>();
  const source = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.ESNext, true);
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAssignment(node) && !found.has(node.name.getText())) {
      const [doc] = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc);
      if (doc) found.set(node.name.getText(), docstringOf(doc));
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function docstringOf(doc: ts.JSDoc): Docstring {
  const oneLine = (comment: ts.JSDoc["comment"]) => (ts.getTextOfJSDocComment(comment) ?? "").replace(/\s+/g, " ");
  const tag = doc.tags?.find(({ tagName }) => tagName.text === "default");
  return { text: oneLine(doc.comment), ...(tag ? { defaultText: oneLine(tag.comment).replace(/^- /, "") } : {}) };
}
