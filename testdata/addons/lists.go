package main

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/gke-preflight/gke-preflight/preflight/addons"
)

// listed reads a list: what its row matches, a product of endoflife.date, or the tables of
// a page.
func listed(text []byte, l addons.List) ([]addons.Listed, error) {
	if l.Row != "" {
		return told(string(text), l)
	}
	if front, ok := bytes.CutPrefix(text, []byte("---\n")); ok && bytes.Contains(front, []byte("\nreleases:\n")) {
		front, _, _ = bytes.Cut(front, []byte("\n---"))
		return product(front)
	}
	return tables(string(text)), nil
}

// product reads the front matter of products/NAME.md of endoflife.date.
func product(front []byte) (rows []addons.Listed, err error) {
	var p struct {
		Releases []map[string]any `json:"releases"`
	}
	if err := yaml.Unmarshal(front, &p); err != nil {
		return nil, err
	}
	for _, r := range p.Releases {
		row, ok := rowOf(fmt.Sprint(r["releaseCycle"]))
		if !ok {
			continue
		}
		row.End = date(fmt.Sprint(r["eol"]))
		for field, v := range r {
			switch strings.ToLower(field) {
			case "supportedkubernetesversions", "supportedkubernetesversion", "supportedk8sversions":
				row.From, row.To = span(fmt.Sprint(v))
			case "mink8sversion":
				row.From, row.To = span(fmt.Sprint(v) + "+")
			}
		}
		if row.From != "" || row.End != "" {
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// tables reads those tables of a page that have a column of releases and one of minors.
// Of the patches of a line the first counts, which is the newest.
func tables(page string) (rows []addons.Listed) {
	var at *columns
	for l := range strings.Lines(page) {
		cells := cellsOf(l)
		switch {
		case len(cells) < 2:
			at = nil
			continue
		case at == nil:
			at = columnsOf(cells)
			continue
		}
		row, ok := rowOf(at.cell(cells, at.release))
		if !ok || slices.ContainsFunc(rows, func(o addons.Listed) bool { return o.Release == row.Release }) {
			continue
		}
		minors := at.cell(cells, at.from)
		if at.to >= 0 {
			minors += " - " + at.cell(cells, at.to)
		}
		row.From, row.To = span(minors)
		if row.End = date(at.cell(cells, at.end)); row.From != "" || row.End != "" {
			rows = append(rows, row)
		}
	}
	return rows
}

// columns are the numbers of a table's columns; -1 for one that it does not have.
type columns struct{ release, from, to, end int }

// columnsOf finds them by the heads, which differ between makers. A table without minors
// has releases of something else.
func columnsOf(heads []string) *columns {
	find := func(words ...string) int {
		return slices.IndexFunc(heads, func(h string) bool {
			return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(strings.ToLower(h), w) })
		})
	}
	c := columns{0, find("kubernetes", "k8s"), find("maximum kubernetes"), find("end of life", "eol")}
	if !strings.Contains(strings.ToLower(heads[0]), "version") {
		c.release = max(0, slices.IndexFunc(heads, func(h string) bool {
			h = strings.ToLower(h)
			return !strings.Contains(h, "k8s") && !strings.Contains(h, "kubernetes") && (strings.HasSuffix(h, " version") || h == "release")
		}))
	}
	if c.from < 0 || c.from == c.release || strings.Contains(strings.ToLower(heads[c.release]), "openshift") {
		return &columns{-1, -1, -1, -1}
	}
	return &c
}

func (c columns) cell(cells []string, n int) string {
	if n < 0 || n >= len(cells) {
		return ""
	}
	return cells[n]
}

// cellsOf are the cells of a line of a table, without marks; none of another line.
func cellsOf(line string) (cells []string) {
	if !strings.Contains(line, "|") {
		return nil
	}
	for cell := range strings.SplitSeq(strings.Trim(strings.TrimSpace(line), "|"), "|") {
		cell = strings.NewReplacer("[", "", "]", "", "*", "", "`", "").Replace(cell)
		cells = append(cells, strings.TrimSpace(cell))
	}
	return cells
}

var lineOfRelease = regexp.MustCompile(`^v?(\d+\.\d+)(?:\.(?:\d+|x))?(?: LTS)?$`)

func rowOf(release string) (addons.Listed, bool) {
	m := lineOfRelease.FindStringSubmatch(release)
	if m == nil {
		return addons.Listed{}, false
	}
	return addons.Listed{Release: m[1]}, true
}

var minor = regexp.MustCompile(`(?:^|[^\d.])1\.(\d+)`)

// span is the first and the last minor of those in text: 1.32 - 1.36, 1.35 and 1.34, or
// 1.28+ without a last one. What follows a slash or stands in brackets is of something else.
func span(text string) (from, to string) {
	text, _, _ = strings.Cut(text, " / ")
	text, _, _ = strings.Cut(text, "(")
	var all []int
	for _, m := range minor.FindAllStringSubmatch(text, -1) {
		n, _ := strconv.Atoi(m[1])
		all = append(all, n)
	}
	if all == nil {
		return "", ""
	}
	from = fmt.Sprintf("1.%d", slices.Min(all))
	if onwards.MatchString(text) && !strings.Contains(text, "≤") {
		return from, ""
	}
	return from, fmt.Sprintf("1.%d", slices.Max(all))
}

// onwards is what makers say of a minor, for it and all newer ones.
var onwards = regexp.MustCompile(`\+|latest|or later|or newer|>=|≥`)

// date is a day as makers write it; empty for what is none, as false, or about one.
func date(text string) string {
	text = strings.Join(strings.Fields(strings.ReplaceAll(text, ",", " ")), " ")
	for _, layout := range []string{time.DateOnly, "2006/01/02", "Jan 2 2006", "January 2 2006", "2 Jan 2006"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.Format(time.DateOnly)
		}
	}
	return ""
}
