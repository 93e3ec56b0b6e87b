// Starts `openworld lsp`, and hands it drafts and TOML files.
const { workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

exports.activate = () => {
  const [command, ...args] = workspace.getConfiguration("openworld").get("command");
  const documentSelector = ["markdown", "plaintext", "xml", "toml"].map((language) => ({ scheme: "file", language }));
  documentSelector.push({ scheme: "file", pattern: "**/*.{md,txt,xml,toml}" });
  client = new LanguageClient("openworld", "openworld", { command, args }, { documentSelector });
  return client.start();
};

exports.deactivate = () => client?.stop();
