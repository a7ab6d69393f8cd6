package render

import "strings"

// Inert is a line that no runner of workflows takes for a command: GitHub's takes what
// begins with ::, after blanks and what colours a text, and ##[ wherever it stands;
// Azure's takes ##vso[ (actions/runner src/Runner.Common/ActionCommand.cs,
// microsoft/azure-pipelines-agent src/Agent.Sdk/Command.cs). Only what a cluster says
// could make a line so.
func Inert(line string) string {
	at := 0
	for at < len(line) {
		switch rest := line[at:]; {
		case line[at] == ' ' || line[at] == '\t':
			at++
		case strings.HasPrefix(rest, "\x1b[") && strings.IndexByte(rest, 'm') > 0:
			at += strings.IndexByte(rest, 'm') + 1
		case strings.HasPrefix(rest, "::"):
			line = line[:at] + ": :" + line[at+2:]
			at = len(line)
		default:
			at = len(line)
		}
	}
	return broken.Replace(line)
}

var broken = strings.NewReplacer("##[", "## [", "##vso[", "## vso[")
