package manifest

import (
	"path"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

// judged is where what is rendered goes.
const judged = " | gke-preflight simulate --webhook -"

// Helm is the command that renders a chart, by its directory or archive, and judges it.
func Helm(chart string) string { return "helm template " + remedy.Quote(operand(chart)) + judged }

// Kustomize is the command that renders a kustomization, by its directory, and judges it.
// What holds charts takes Helm, too.
func Kustomize(folder string, charts bool) string {
	command := "kubectl kustomize "
	if charts {
		command += "--enable-helm "
	}
	return command + remedy.Quote(operand(folder)) + judged
}

// operand is a path that no command takes for a flag.
func operand(path string) string {
	if strings.HasPrefix(path, "-") {
		return "./" + path
	}
	return path
}

// chartOf is the directory of the chart that a template belongs to; CHART where its path
// does not tell.
func chartOf(file string) string {
	if i := strings.LastIndex("/"+file, "/templates/"); i > 0 {
		return file[:i-1]
	} else if i == 0 {
		return "."
	}
	return "CHART"
}

// folderOf is the directory of a file; the word for it of standard input.
func folderOf(file, word string) string {
	if file == stdin {
		return word
	}
	return path.Dir(file)
}

// archiveOf is an archive's own name; CHART of standard input.
func archiveOf(file string) string {
	if file == stdin {
		return "CHART"
	}
	return file
}

func (o object) hint() string { return hint(o.text.file, o.json) }
