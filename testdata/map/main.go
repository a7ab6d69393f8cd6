// Command map makes the map of add-ons: it renders each install of
// preflight/addons/index.yaml as its makers ship it, judges it on every upgrade that the
// catalogue holds, and writes preflight/addons/map.json. "make map" runs it.
//
//	map [-checkouts DIR] [-only NAME] [-check]
//	map -render DIR
//	map -healthy [-checkouts DIR]
//
// What is in a Go module is fetched from the module proxy. Other repositories are read
// from DIR/OWNER/NAME, work trees that are given; where there is none, the committed row
// stays. It is a module of its own, so that neither kustomize nor Helm is part of the
// tool.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"sigs.k8s.io/yaml"

	"github.com/gke-preflight/gke-preflight/preflight/addons"
	"github.com/gke-preflight/gke-preflight/preflight/manifest"
)

const output = "preflight/addons/map.json"

func main() {
	m := mapper{modules: map[string]string{}}
	flag.StringVar(&m.checkouts, "checkouts", "", "directory that holds checkouts of public repositories, as OWNER/NAME")
	only := flag.String("only", "", "make the rows of this add-on alone, and leave the others as they are")
	check := flag.Bool("check", false, "write nothing, and fail where a row differs from what is committed")
	render := flag.String("render", "", "write what is rendered of what is recorded while it runs into this directory, and judge nothing")
	usually := flag.Bool("healthy", false, "make "+healthy+" instead, of a usual cluster's add-ons")
	flag.Parse()
	do := func() error { return m.run(*only, *check) }
	if *render != "" {
		do = func() error { return m.renderInto(*render) }
	}
	if *usually {
		do = m.writeHealthy
	}
	err := do()
	for _, dir := range m.unzipped {
		_ = os.RemoveAll(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "map:", err)
		os.Exit(1)
	}
}

type mapper struct {
	checkouts string
	modules   map[string]string
	// unzipped are directories to remove at the end.
	unzipped []string
}

func (m *mapper) run(only string, check bool) error {
	if _, err := os.Stat(output); err != nil {
		return fmt.Errorf("%w: run it in the root of the repository", err)
	}
	var rows []addons.Row
	var failed []error
	for _, a := range addons.Index() {
		for _, i := range a.Installs {
			old := committed(a.Name, i.As)
			if only != "" && only != a.Name || !m.has(i.From) {
				if old == nil {
					failed = append(failed, fmt.Errorf("%s, %s: there is no row yet, and no checkout of %s", a.Name, i.As, i.From.Checkout))
					continue
				}
				if only == "" {
					fmt.Printf("%s, %s: stays as it is, for want of a checkout of %s\n", a.Name, i.As, i.From.Checkout)
				}
				rows = append(rows, *old)
				continue
			}
			row, err := m.row(a, i)
			if err != nil {
				failed = append(failed, fmt.Errorf("%s, %s: %w", a.Name, i.As, err))
				continue
			}
			fmt.Printf("%s, %s: %s\n", a.Name, i.As, row.Verdict)
			rows = append(rows, row)
		}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := errors.Join(append(failed, enc.Encode(rows))...); err != nil {
		return err
	}
	if !check {
		return os.WriteFile(output, b.Bytes(), 0o644)
	}
	if !bytes.Equal(b.Bytes(), addons.JSON()) {
		return errors.New(output + " is not what comes out: run make map and review what changed")
	}
	return nil
}

func committed(name, as string) *addons.Row {
	all := addons.Rows()
	n := slices.IndexFunc(all, func(r addons.Row) bool { return r.Addon == name && r.As == as })
	if n < 0 {
		return nil
	}
	return &all[n]
}

// has reports whether the install can be read here.
func (m *mapper) has(f addons.From) bool {
	if f.Checkout == "" {
		return true
	}
	_, err := os.Stat(filepath.Join(m.checkouts, f.Checkout))
	return m.checkouts != "" && err == nil
}

// row renders and judges an install, and what is to make it safe.
func (m *mapper) row(a addons.Addon, i addons.Install) (addons.Row, error) {
	src, err := m.source(i.From)
	if err != nil {
		return addons.Row{}, err
	}
	row := addons.Row{Addon: a.Name, As: i.As, Version: src.version, Origin: src.origin, Read: i.From.Read, Seen: i.From.Seen()}
	r, err := src.render(i, release(a, i), i.Values)
	if err != nil {
		return row, err
	}
	if row.Version == "" {
		row.Version = r.version
	}
	if row, err = judged(row, r.text); err != nil {
		return row, err
	}
	if i.Note != "" {
		row.Notes = append(row.Notes, i.Note)
	}
	for _, c := range i.Safe {
		j, err := m.safe(a, i, c)
		if err != nil {
			return row, fmt.Errorf("%s: %w", c.Say, err)
		}
		row.Safe = append(row.Safe, j)
	}
	return row, nil
}

func (m *mapper) safe(a addons.Addon, i addons.Install, c addons.Change) (addons.Judged, error) {
	j := addons.Judged{Say: c.Say, Set: c.Set}
	if c.Values != nil && c.Set == "" {
		b, err := yaml.Marshal(c.Values)
		if err != nil {
			return j, err
		}
		j.Set = string(b)
	}
	if c.Written != "" {
		i.From = addons.From{Written: c.Written}
	}
	if c.Recorded != "" {
		i.From.Recorded = c.Recorded
	}
	src, err := m.source(i.From)
	if err != nil {
		return j, err
	}
	r, err := src.render(i, release(a, i), merged(i.Values, c.Values))
	if err != nil {
		return j, err
	}
	row, err := judged(addons.Row{}, r.text)
	if err != nil {
		return j, err
	}
	j.Verdict = row.Verdict
	for _, l := range row.Lost {
		j.Left = append(j.Left, l.Name)
	}
	return j, nil
}

func judged(row addons.Row, text []byte) (addons.Row, error) {
	read, err := manifest.Read(row.Addon, text)
	if err != nil {
		return row, err
	}
	return addons.Judge(row, read)
}
