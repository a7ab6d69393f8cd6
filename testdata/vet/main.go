// Command vet is a tool for go vet, by its -vettool: every switch and map over one of
// this module's closed sets names all of its members.
package main

import (
	"fmt"
	"os"

	"github.com/nishanths/exhaustive"
	"golang.org/x/tools/go/analysis/unitchecker"
)

// settings are those of exhaustive. Sets of other modules are not ours to close.
var settings = map[string]string{
	"check":             "switch,map",
	"ignore-enum-types": `^(reflect|go/|net/|syscall|k8s\.io/|sigs\.k8s\.io/|cloud\.google\.com/|google\.golang\.org/|github\.com/[^g])`,
}

func main() {
	for name, value := range settings {
		if err := exhaustive.Analyzer.Flags.Set(name, value); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	unitchecker.Main(exhaustive.Analyzer)
}
