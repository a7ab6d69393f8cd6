package main

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight/addons"
	"github.com/gke-preflight/gke-preflight/preflight/version"
)

// told reads what the list's row matches. Of the patches of a line the first counts, which
// is the newest; what is told of one release in several places is taken together.
func told(text string, l addons.List) (rows []addons.Listed, err error) {
	if l.Part != "" {
		part := regexp.MustCompile(l.Part).FindStringSubmatch(text)
		if part == nil {
			return nil, fmt.Errorf("it has no part like %s: its form has changed", l.Part)
		}
		text = part[1]
	}
	row := regexp.MustCompile(l.Row)
	first := map[string]string{}
	for _, m := range row.FindAllStringSubmatch(text, -1) {
		group := func(name string) string {
			if n := row.SubexpIndex(name); n >= 0 {
				return m[n]
			}
			return ""
		}
		from, to := span(group("minors"))
		end := date(strings.Trim(group("end"), "*"))
		if from == "" && end == "" {
			continue
		}
		for _, release := range releases(group("release"), l) {
			r, ok := rowOf(release)
			if !ok || first[r.Release] != "" && first[r.Release] != release {
				continue
			}
			if first[r.Release] == "" {
				first[r.Release] = release
				r.From, r.To, r.End, r.Since = from, to, end, l.Since
				rows = append(rows, r)
				continue
			}
			n := slices.IndexFunc(rows, func(o addons.Listed) bool { return o.Release == r.Release })
			rows[n].From, rows[n].To = wider(rows[n], from, to)
		}
	}
	for n := range rows {
		if l.Least {
			rows[n].To = ""
		}
		rows[n].From = before(rows[n].From, l.Earlier)
	}
	return rows, nil
}

var patch = regexp.MustCompile(`\d+\.\d+(?:\.\d+)?`)

// releases are those that a row names, or else the one that the file is about.
func releases(named string, l addons.List) []string {
	switch {
	case named != "":
		return patch.FindAllString(named, -1)
	case l.Release != "":
		return []string{l.Release}
	}
	return patch.FindAllString(l.Version, 1)
}

// wider is what a row tells together with another place.
func wider(r addons.Listed, from, to string) (string, string) {
	if newer(r.From, from) {
		r.From = from
	}
	if to == "" || r.To != "" && newer(to, r.To) {
		r.To = to
	}
	return r.From, r.To
}

func newer(a, b string) bool {
	v, _ := version.Parse(a)
	w, _ := version.Parse(b)
	return version.CompareLine(v, w) > 0
}

// before is the minor that many before another.
func before(minor string, many int) string {
	n, err := strconv.Atoi(strings.TrimPrefix(minor, "1."))
	if err != nil || many == 0 {
		return minor
	}
	return fmt.Sprintf("1.%d", n-many)
}
