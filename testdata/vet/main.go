// Command vet is what go vet runs by its -vettool, beside its own passes: exhaustive,
// by which every switch over a closed set of this project names all of its members, and
// staticcheck's bugs (SA), simplifications (S) and style (ST), those that it has on by
// default. Only of a switch can be said that it need not: //exhaustive:ignore and why.
package main

import (
	"encoding/json"
	"os"
	"slices"
	"strings"

	"github.com/nishanths/exhaustive/passes/exhaustive"
	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/unitchecker"
	"honnef.co/go/tools/simple"
	"honnef.co/go/tools/staticcheck"
	"honnef.co/go/tools/stylecheck"
)

// project is the path of the module, with which those of the modules in it begin.
const project = "github.com/gke-preflight/gke-preflight"

func main() {
	if name := os.Args[len(os.Args)-1]; isOthers(name) {
		unitchecker.Run(name, nil)
	}
	unitchecker.Main(analyzers()...)
}

func analyzers() []*analysis.Analyzer {
	all := []*analysis.Analyzer{exhaustive.Analyzer}
	for _, a := range slices.Concat(staticcheck.Analyzers, simple.Analyzers, stylecheck.Analyzers) {
		if !a.Doc.NonDefault {
			all = append(all, a.Analyzer)
		}
	}
	return all
}

// isOthers reports whether the file asks for nothing but what is known of a package
// that others wrote. Its types are all: to look through their functions takes minutes,
// and their sets are not for us to close.
func isOthers(name string) bool {
	if !strings.HasSuffix(name, ".cfg") {
		return false
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return false
	}
	var c unitchecker.Config
	return json.Unmarshal(data, &c) == nil && c.VetxOnly && !strings.HasPrefix(c.ImportPath, project)
}
