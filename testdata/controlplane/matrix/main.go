// Command matrix holds the tool against real upgrades, over every neighbouring
// pair of minors and a matrix of faults: it foretells first, then upgrades, and
// writes what was foretold and what happened into results.json, a line for each
// case, and from that docs/accuracy.md. "make test-matrix" runs it, in the root
// of the repository.
//
// A case is a fault, the failurePolicy of the webhook that has it, and the scope
// of that webhook: see [All]. Where the forecast was wrong, explanations.yaml
// says why, by the case's ID; the document shows both.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
)

const (
	directory = "testdata/controlplane/matrix"
	document  = "docs/accuracy.md"
)

// A selection says which cases to run.
type selection struct {
	from    []string
	only    *regexp.Regexp
	missing bool
}

func main() { os.Exit(rig.Enter(run)) }

func run() int {
	pairs := flag.String("pairs", "", "the minors to upgrade from, such as 1.35,1.34; all if empty")
	only := flag.String("only", "", "a regular expression that the IDs of the cases must match")
	missing := flag.Bool("missing", false, "leave out cases that have a result")
	jobs := flag.Int("jobs", 12, "how many cases run at the same time")
	flag.Parse()
	s := selection{missing: *missing}
	if *pairs != "" {
		s.from = strings.Split(*pairs, ",")
	}
	var err error
	if s.only, err = regexp.Compile(*only); err == nil {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		err = matrix(ctx, s, *jobs)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "matrix:", err)
		return 1
	}
	return 0
}

func matrix(ctx context.Context, s selection, jobs int) error {
	if _, err := os.Stat(directory); err != nil {
		return fmt.Errorf("%w: run it in the root of the repository", err)
	}
	known, err := load(filepath.Join(directory, "results.json"))
	if err != nil {
		return err
	}
	var chosen []Case
	for _, c := range All() {
		if s.holds(c, known) {
			chosen = append(chosen, c)
		}
	}
	failed := runAll(ctx, chosen, jobs, func(r Result) error {
		known.set(r)
		return known.save(filepath.Join(directory, "results.json"))
	})
	if err := writeDocument(known); err != nil {
		return err
	}
	return failed
}

func (s selection) holds(c Case, known *results) bool {
	return (s.from == nil || slices.Contains(s.from, c.From)) && s.only.MatchString(c.ID) && !(s.missing && known.has(c.ID))
}

func writeDocument(known *results) error {
	explanations, err := loadExplanations(filepath.Join(directory, "explanations.yaml"))
	if err != nil {
		return err
	}
	return os.WriteFile(document, render(known.inOrder(), explanations), 0o644)
}
