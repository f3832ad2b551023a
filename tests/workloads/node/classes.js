// SPDX-License-Identifier: Apache-2.0
// classes.js: for each file that standard input names, a line of JSON: [file, [[position of "(", class or null], ...]] of its methods and
// accessors, as TypeScript's parser has them; null: of an object, or of a class without a name. One byte is one character.
'use strict';
const fs = require('fs');
const ts = require('typescript');

// "Name = class {"
function called(one) {
  const to = one.parent;
  if ((ts.isVariableDeclaration(to) || ts.isPropertyDeclaration(to)) && to.initializer === one && ts.isIdentifier(to.name)) return to.name;
  if (ts.isBinaryExpression(to) && to.operatorToken.kind === ts.SyntaxKind.EqualsToken && ts.isIdentifier(to.left)) return to.left;
  return null;
}

for (const file of fs.readFileSync(0, 'utf8').trim().split('\n')) {
  const text = fs.readFileSync(file, 'latin1');
  const members = [];
  const visit = (node) => {
    if ((ts.isMethodDeclaration(node) || ts.isAccessor(node)) && node.body) {
      const name = ts.isClassLike(node.parent) && (node.parent.name || called(node.parent));
      members.push([text.indexOf('(', node.name.end), name ? name.text : null]);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true, ts.ScriptKind.JS));
  process.stdout.write(JSON.stringify([file, members]) + '\n');
}
