// Command addons reads which minors of Kubernetes the makers of add-ons list, and when
// their releases end, from the lists that preflight/addons/index.yaml names, and writes
// preflight/addons/releases.json. "make addons" runs it, in the root of the repository.
//
//	addons [-checkouts DIR] [-check]
//
// A list that is in a Go module is fetched from the module proxy. Other repositories are
// read from DIR/OWNER/NAME, work trees that are given and never committed; where there is
// none, the committed rows stay. Versions, minors and days are taken, and no sentence.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight/addons"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
)

const output = "preflight/addons/releases.json"

func main() {
	checkouts := flag.String("checkouts", "", "directory that holds checkouts of public repositories, as OWNER/NAME")
	check := flag.Bool("check", false, "write nothing, and fail where a row differs from what is committed")
	flag.Parse()
	if err := run(*checkouts, *check); err != nil {
		fmt.Fprintln(os.Stderr, "addons:", err)
		os.Exit(1)
	}
}

func run(checkouts string, check bool) error {
	before, err := os.ReadFile(output)
	if err != nil {
		return fmt.Errorf("%w: run it in the root of the repository", err)
	}
	made, err := read(checkouts)
	if err != nil {
		return err
	}
	now := written(made)
	if !check {
		return os.WriteFile(output, now, 0o644)
	}
	if !bytes.Equal(before, now) {
		return errors.New(output + " is not what comes out: run make addons and review what changed")
	}
	return nil
}

// read reads every list, and when each minor of the catalogue came out.
func read(checkouts string) (all addons.Reading, err error) {
	if all.Minors, err = minors(); err != nil {
		return all, err
	}
	for _, a := range addons.Index() {
		for _, l := range a.Lists {
			rows, err := rowsOf(checkouts, a, l)
			if err != nil {
				return all, fmt.Errorf("%s: %s: %w", a.Name, l.File, err)
			}
			for _, r := range rows {
				// Of a file with two lists the first keeps the rows of both where there
				// is no checkout.
				if !slices.Contains(all.Releases, r) {
					all.Releases = append(all.Releases, r)
				}
			}
		}
	}
	return all, nil
}

func rowsOf(checkouts string, a addons.Addon, l addons.List) ([]addons.Listed, error) {
	src, err := open(checkouts, l)
	if errors.Is(err, errNotHere) {
		rows := committed(a, l)
		fmt.Printf("%s: %d rows stay as they are, for want of a checkout of %s\n", a.Name, len(rows), l.Checkout)
		return rows, nil
	}
	if err != nil {
		return nil, err
	}
	rows, err := listed(src.text, l)
	if err == nil && rows == nil {
		err = errors.New("no row was found in it: its form has changed")
	}
	for n := range rows {
		rows[n].Addon, rows[n].Origin, rows[n].Read = a.Name, src.origin, src.day
	}
	return rows, err
}

// committed are the rows that were read of that list before.
func committed(a addons.Addon, l addons.List) []addons.Listed {
	return slices.DeleteFunc(slices.Clone(addons.Readings().Releases), func(r addons.Listed) bool {
		return r.Addon != a.Name || !of(l, r.Origin)
	})
}

// minors are those of the catalogue, and when each came out.
func minors() (all []addons.Minor, err error) {
	for _, m := range bootstrap.Minors() {
		at := "v0" + strings.TrimPrefix(m, "1") + ".0"
		src, err := published("k8s.io/api", at, "")
		if err != nil {
			return nil, err
		}
		all = append(all, addons.Minor{Minor: m, Released: src.day, Origin: src.origin})
	}
	return all, nil
}

// written is one row a line, so that a change of one is a change of one line.
func written(r addons.Reading) []byte {
	var b bytes.Buffer
	b.WriteString("{\"minors\":[\n")
	lines(&b, r.Minors)
	b.WriteString("],\"releases\":[\n")
	lines(&b, r.Releases)
	b.WriteString("]}\n")
	return b.Bytes()
}

func lines[T any](b *bytes.Buffer, rows []T) {
	for n, r := range rows {
		line, err := json.Marshal(r)
		if err != nil {
			panic(err) // they are strings
		}
		b.Write(line)
		if n < len(rows)-1 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
	}
}
