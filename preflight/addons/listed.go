package addons

import (
	"cmp"
	_ "embed"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/gke-preflight/gke-preflight/preflight/version"
)

// A List is where it is told which minors of Kubernetes the releases of an add-on are for,
// or when they end. "make addons" reads it.
type List struct {
	// Checkout is owner/name of a repository, Module and Version are of a Go module: one of
	// the two.
	Checkout string `json:"checkout,omitempty"`
	Module   string `json:"module,omitempty"`
	Version  string `json:"version,omitempty"`
	// File is the path in it.
	File string `json:"file"`
	// Row is a regular expression that matches what is told of one release, where the file
	// has no table: its groups are minors, end or both, and release. Empty for a table.
	Row string `json:"row,omitempty"`
	// Part is one whose group is the part of the file to look at; all of it if empty.
	Part string `json:"part,omitempty"`
	// Release is the line that the file is about, where Row does not tell; that of Version
	// if empty, too.
	Release string `json:"release,omitempty"`
	// Commit is that at which Release was looked up, where nothing in the file shows it: a
	// checkout of another is an error.
	Commit string `json:"commit,omitempty"`
	// Since says that what is told of a release holds for later ones, too.
	Since bool `json:"since,omitempty"`
	// Least says that the minors told are those that it is made for at least, and newer
	// ones are not ruled out.
	Least bool `json:"least,omitempty"`
	// Earlier is how many minors before the one told are meant, too, by the text of the file.
	Earlier int `json:"earlier,omitempty"`
}

// A Listed is one release line of an add-on, as one list tells it.
type Listed struct {
	Addon string `json:"addon"`
	// Release is the line, such as 1.30; with Since it is told of later ones, too, up to the
	// next that has a row.
	Release string `json:"release"`
	Since   bool   `json:"since,omitempty"`
	// From and To are the minors of Kubernetes that it is for. Without From the list tells
	// none; without To alone it names no last one.
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
	// End is the day on which its makers end it; empty where none is told.
	End string `json:"end,omitempty"`
	// Origin is where it was read, Read the day of that state of it.
	Origin string `json:"origin"`
	Read   string `json:"read"`
}

// Line is the release line as a person says it.
func (r Listed) Line() string {
	if r.Since {
		return r.Release + " and newer"
	}
	return r.Release
}

// A Minor is the day on which a minor of Kubernetes came out, as its module tells it.
type Minor struct {
	Minor    string `json:"minor"`
	Released string `json:"released"`
	Origin   string `json:"origin"`
}

// A Reading is what "make addons" writes.
type Reading struct {
	Minors   []Minor  `json:"minors"`
	Releases []Listed `json:"releases"`
}

//go:embed releases.json
var releases []byte

// Readings are what was read of all lists, by add-on in the order of the index, and in the
// order of its lists.
func Readings() Reading { return readings() }

var readings = sync.OnceValue(func() (r Reading) {
	if err := json.Unmarshal(releases, &r); err != nil {
		panic("addons: releases.json: " + err.Error())
	}
	return r
})

// listed are the rows of the add-on that keep holds for, the newest line first, each line
// once: of two lists the first counts.
func (a Addon) listed(keep func(Listed) bool) (rows []Listed) {
	for _, r := range Readings().Releases {
		if r.Addon == a.Name && keep(r) && !slices.ContainsFunc(rows, func(o Listed) bool { return o.Release == r.Release }) {
			rows = append(rows, r)
		}
	}
	slices.SortStableFunc(rows, func(a, b Listed) int { return version.CompareLine(line(b.Release), line(a.Release)) })
	return rows
}

// release is what the tags of releases begin with.
var release = regexp.MustCompile(`^(?:stable-|release-)?v?(\d{1,4}\.\d{1,4})(?:\.(\d+))?(?:$|[-+_.])`)

// line is the release line that a tag names, such as 1.30 of v1.30.3-distroless; false if
// it names none.
func (a Addon) line(tag string) (string, bool) {
	m := release.FindStringSubmatch(tag)
	if m == nil {
		return "", false
	}
	if a.Majors == nil {
		return m[1], true
	}
	major, minor, _ := strings.Cut(m[1], ".")
	of, ok := a.Majors[major]
	return of + "." + minor, ok
}

// Release is the release of a tag as a person says it.
func (a Addon) Release(tag string) string {
	if line, ok := a.line(tag); ok && a.Majors != nil {
		return line
	}
	return strings.TrimPrefix(tag, "v")
}

func line(release string) version.Version {
	v, _ := version.Parse(release)
	return v
}

// Standing says how a release stands to a minor of Kubernetes.
type Standing int

const (
	// Among: its makers list the minor, or name no last one.
	Among Standing = iota
	// NotAmong: they list others, the newest of which is older.
	NotAmong
	// Before: they list newer minors alone.
	Before
	// NoList: no list of its makers was read.
	NoList
	// NoRelease: the image does not tell which release it is of.
	NoRelease
	// NewRelease: it is newer than what was read.
	NewRelease
	// NewMinor: the minor is newer than what was read.
	NewMinor
	// NoRow: the list does not have it.
	NoRow
)

// Stands says how a release of the add-on, given by its tag, stands to a minor such as
// 1.36, and by which row; the row is the newest where the release is newer, and zero where
// there is none.
func (a Addon) Stands(tag, minor string) (Standing, Listed) {
	rows := a.listed(func(r Listed) bool { return r.From != "" })
	of, known := a.line(tag)
	switch {
	case len(rows) == 0:
		return NoList, Listed{}
	case !known:
		return NoRelease, Listed{}
	}
	n := slices.IndexFunc(rows, func(r Listed) bool { return version.CompareLine(line(r.Release), line(of)) <= 0 })
	switch {
	case n >= 0 && (rows[n].Since || rows[n].Release == of):
		return rows[n].stands(minor), rows[n]
	case n == 0:
		return NewRelease, rows[0]
	}
	return NoRow, Listed{}
}

// stands compares the minor. One that came out after the reading could not be listed then;
// but a release that did not have the newest of that day either was given up before.
func (r Listed) stands(minor string) Standing {
	newest := ""
	for _, m := range Readings().Minors {
		if m.Released <= r.Read {
			newest = m.Minor
		}
	}
	switch {
	case version.CompareLine(line(minor), line(r.From)) < 0:
		return Before
	case r.To != "" && version.CompareLine(line(minor), line(r.To)) <= 0:
		return Among
	case r.To != "" && version.CompareLine(line(r.To), line(newest)) < 0:
		return NotAmong
	case version.CompareLine(line(minor), line(newest)) > 0:
		return NewMinor
	}
	return Among
}

// For is the oldest line, newer than that of the tag, whose makers list the minor; empty if
// none does.
func (a Addon) For(tag, minor string) string {
	of, _ := a.line(tag)
	for _, r := range slices.Backward(a.listed(func(r Listed) bool { return r.From != "" })) {
		if version.CompareLine(line(r.Release), line(of)) > 0 && r.stands(minor) == Among {
			return r.Release
		}
	}
	return ""
}

// Ended is the row that tells when the release of a tag ended; of one that no list has, the
// row of the next newer line that tells an end: it ended no later. False if none tells one.
func (a Addon) Ended(tag string) (Listed, bool) {
	of, known := a.line(tag)
	if !known {
		return Listed{}, false
	}
	all := a.listed(func(Listed) bool { return true })
	has := slices.ContainsFunc(all, func(r Listed) bool { return r.Release == of })
	for _, r := range slices.Backward(a.listed(func(r Listed) bool { return r.End != "" })) {
		switch c := version.CompareLine(line(r.Release), line(of)); {
		case c == 0, c > 0 && !has:
			return r, true
		}
	}
	return Listed{}, false
}

// Untold reports whether releases of the add-on end, and the tag does not tell which it is.
func (a Addon) Untold(tag string) bool {
	_, known := a.line(tag)
	return !known && len(a.listed(func(r Listed) bool { return r.End != "" })) > 0
}

// CompareTags orders tags by the releases that they name, the oldest first, and those that
// name none last.
func CompareTags(a, b string) int {
	x, y := release.FindStringSubmatch(a), release.FindStringSubmatch(b)
	switch {
	case x == nil || y == nil:
		return len(y) - len(x)
	default:
		return cmp.Or(version.CompareLine(line(x[1]), line(y[1])), cmp.Compare(number(x[2]), number(y[2])), strings.Compare(a, b))
	}
}
