package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight"
)

// CheckID returns the ID of the check that is called name, by its ID or its name.
// The error names those that are spelt nearly so.
func CheckID(name string, checks []preflight.Check) (string, error) {
	type near struct {
		text     string
		distance int
	}
	var all []near
	for _, c := range checks {
		if strings.EqualFold(c.ID, name) || c.Name == name {
			return c.ID, nil
		}
		asked := strings.ToLower(name)
		all = append(all, near{c.ID + " (" + c.Name + ")", min(Distance(asked, strings.ToLower(c.ID)), Distance(asked, c.Name))})
	}
	slices.SortStableFunc(all, func(a, b near) int { return cmp.Compare(a.distance, b.distance) })
	var nearest []string
	for _, n := range all[:min(3, len(all))] {
		if n.distance <= 1+len(name)/4 {
			nearest = append(nearest, n.text)
		}
	}
	if nearest == nil {
		return "", fmt.Errorf("there is no check %q: gke-preflight explain lists them", name)
	}
	return "", fmt.Errorf("there is no check %q: did you mean %s?", name, strings.Join(nearest, ", "))
}

// Distance is how many letters have to be put in, taken out or replaced to make b of a.
func Distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// glob reports whether pattern matches the whole of s: * stands for any text,
// slashes and blanks too, and ? for one character. An empty pattern matches all.
func glob(pattern, s string) bool {
	if pattern == "" {
		return true
	}
	p, t := []rune(pattern), []rune(s)
	star, from, i, j := -1, 0, 0, 0
	for j < len(t) {
		switch {
		case i < len(p) && p[i] == '*':
			star, from = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == t[j]):
			i, j = i+1, j+1
		case star >= 0:
			from++
			i, j = star+1, from
		default:
			return false
		}
	}
	for i < len(p) && p[i] == '*' {
		i++
	}
	return i == len(p)
}
