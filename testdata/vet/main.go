// Command vet is a tool for go vet, by its -vettool: exhaustive and staticcheck.
package main

import (
	"github.com/nishanths/exhaustive"
	"golang.org/x/tools/go/analysis/unitchecker"
	"honnef.co/go/tools/simple"
	"honnef.co/go/tools/staticcheck"
)

func main() {
	_ = simple.Analyzers
	_ = staticcheck.Analyzers
	unitchecker.Main(exhaustive.Analyzer)
}
