// Package version reads the versions of Kubernetes and of GKE, which are not
// semantic versions: 1.33.2-gke.100 is newer than 1.33.2.
package version

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// A Version is a Kubernetes version, as exact as it was given.
type Version struct {
	Major, Minor int
	// Patch is -1 where only the minor is known.
	Patch int
	// GKE is the number after "-gke."; -1 without that suffix.
	GKE int
}

// Parse reads 1.36, 1.36.3, 1.36.3-gke.100 or the same with a leading v. What
// other distributions append after "-" or "+" is dropped; a GKE version that
// lacks its build is an error.
func Parse(s string) (Version, error) {
	bad := func() (Version, error) {
		return Version{}, fmt.Errorf("%q is not a version such as 1.36, 1.36.3 or 1.36.3-gke.100", s)
	}
	core, suffix, suffixed := strings.Cut(strings.TrimPrefix(s, "v"), "-")
	if suffixed && (suffix == "" || suffix == "gke") {
		return bad()
	}
	core, _, _ = strings.Cut(core, "+")
	parts := strings.Split(core, ".")
	if len(parts) < 2 || len(parts) > 3 {
		return bad()
	}
	v := Version{Patch: -1, GKE: -1}
	for i, p := range []*int{&v.Major, &v.Minor, &v.Patch}[:len(parts)] {
		n, ok := number(parts[i])
		if !ok {
			return bad()
		}
		*p = n
	}
	if build, ok := strings.CutPrefix(suffix, "gke."); ok {
		build, _, _ = strings.Cut(build, "+")
		n, ok := number(build)
		if !ok || v.Patch < 0 {
			return bad()
		}
		v.GKE = n
	}
	return v, nil
}

func number(s string) (int, bool) {
	for _, r := range s {
		if r < '0' || r > '9' {
			return 0, false
		}
	}
	n, err := strconv.Atoi(s)
	return n, err == nil
}

// String returns the version in the form it was given, without a leading v.
func (v Version) String() string {
	s := v.Line()
	if v.Patch >= 0 {
		s += fmt.Sprintf(".%d", v.Patch)
	}
	if v.GKE >= 0 {
		s += fmt.Sprintf("-gke.%d", v.GKE)
	}
	return s
}

// Line returns the minor alone, such as 1.36.
func (v Version) Line() string { return fmt.Sprintf("%d.%d", v.Major, v.Minor) }

// Compare orders versions by major, minor, patch and GKE build. A part that is
// not known is older than any.
func Compare(a, b Version) int {
	return cmp.Or(cmp.Compare(a.Major, b.Major), cmp.Compare(a.Minor, b.Minor),
		cmp.Compare(a.Patch, b.Patch), cmp.Compare(a.GKE, b.GKE))
}

// CompareLine orders versions by major and minor alone.
func CompareLine(a, b Version) int {
	return cmp.Or(cmp.Compare(a.Major, b.Major), cmp.Compare(a.Minor, b.Minor))
}

// Older reports whether a comes before b as far as both are known: where one has
// no patch or no GKE build, that part is not compared.
func Older(a, b Version) bool {
	if a.Patch < 0 || b.Patch < 0 {
		return CompareLine(a, b) < 0
	}
	if a.GKE < 0 || b.GKE < 0 {
		a.GKE, b.GKE = -1, -1
	}
	return Compare(a, b) < 0
}
