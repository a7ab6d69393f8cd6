package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/go-version"
)

// A kind is what is new.
type kind int

const (
	// minor: the catalogue does not hold the minor at all.
	minor kind = iota
	// patch: it holds an earlier patch.
	patch
	// coming: there are pre-releases of a minor, and no release yet.
	coming
)

// news is what was released since the catalogue was made.
type news struct {
	kind kind
	// line is the minor, such as 1.38; newest its newest version there is.
	line, newest string
	// recorded is the patch that the catalogue holds; empty for none.
	recorded string
}

// String says what it is, and what to run.
func (n news) String() string {
	add := fmt.Sprintf("\n  make minor VERSION=%s", n.newest)
	switch n.kind {
	case minor:
		return fmt.Sprintf("%s is out, and not in the catalogue: docs/new-minor.md says what to review%s", n.line, add)
	case patch:
		return fmt.Sprintf("%s is out, the catalogue holds %s; if it can't be built, an earlier patch may do%s", n.newest, n.recorded, add)
	case coming:
	}
	return fmt.Sprintf("%s is coming: %s. Nothing is to be done yet.", n.line, n.newest)
}

// compare returns what of the released versions the catalogue lacks, the newest
// first: of each minor from the oldest on record on, its newest version.
func compare(released, recorded []string) ([]news, error) {
	holds := map[string]*version.Version{}
	var oldest *version.Version
	for _, text := range recorded {
		v, err := version.NewVersion(text)
		if err != nil {
			return nil, err
		}
		holds[line(v)] = v
		if oldest == nil || v.LessThan(oldest) {
			oldest = v
		}
	}
	newest := map[string]*version.Version{}
	for _, text := range released {
		v, err := version.NewVersion(text)
		if err != nil {
			return nil, err
		}
		if seen := newest[line(v)]; seen == nil || better(v, seen) {
			newest[line(v)] = v
		}
	}
	var found []news
	for of, v := range newest {
		have := holds[of]
		n := news{kind: minor, line: of, newest: strings.TrimPrefix(v.String(), "v")}
		switch {
		case oldest != nil && v.LessThan(oldest), have != nil && !have.LessThan(v):
			continue
		case v.Prerelease() != "" && have != nil:
			continue
		case v.Prerelease() != "":
			n.kind = coming
		case have != nil:
			n.kind, n.recorded = patch, have.String()
		}
		found = append(found, n)
	}
	slices.SortFunc(found, func(a, b news) int {
		va, vb := newest[a.line], newest[b.line]
		return cmp.Or(vb.Compare(va), cmp.Compare(a.line, b.line))
	})
	return found, nil
}

// better prefers a release to a pre-release, and then the later one.
func better(v, than *version.Version) bool {
	if (v.Prerelease() == "") != (than.Prerelease() == "") {
		return v.Prerelease() == ""
	}
	return than.LessThan(v)
}

func line(v *version.Version) string {
	s := v.Segments()
	return fmt.Sprintf("%d.%d", s[0], s[1])
}
