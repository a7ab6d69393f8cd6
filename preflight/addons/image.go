package addons

import (
	"slices"
	"strings"
)

// A Reference is an image as templates name it, taken apart. Tag and Digest are empty
// where it has none.
type Reference struct{ Path, Tag, Digest string }

// ReferenceOf takes an image apart, such as quay.io/jetstack/cert-manager-controller:v1.19.1.
func ReferenceOf(image string) (r Reference) {
	r.Path, r.Digest, _ = strings.Cut(image, "@")
	if n := strings.LastIndexByte(r.Path, ':'); n > strings.LastIndexByte(r.Path, '/') {
		r.Path, r.Tag = r.Path[:n], r.Path[n+1:]
	}
	return r
}

// EndsAs reports whether the path ends with that one: what stands before is a registry, or
// a mirror of one.
func (r Reference) EndsAs(path string) bool {
	return r.Path == path || strings.HasSuffix(r.Path, "/"+path)
}

// OfImage returns the add-on that an image is of, and the end of the path by which it is
// known; false if it is of none.
func OfImage(r Reference) (a Addon, end string, ok bool) {
	for _, a := range Index() {
		if n := slices.IndexFunc(a.Images, r.EndsAs); n >= 0 {
			return a, a.Images[n], true
		}
	}
	return Addon{}, "", false
}

// KnownEnd is the end of the path by which an image is known, as one of an add-on or of a
// runtime; false if it is not.
func KnownEnd(r Reference) (string, bool) {
	if _, end, ok := OfImage(r); ok {
		return end, true
	}
	return runtimeEnd(r)
}

// Serves reports whether IngressClasses of that controller are served by a known add-on.
func Serves(controller string) bool {
	_, ok := ofController(controller)
	return ok
}

// ofController returns the add-on that serves IngressClasses of that controller.
func ofController(controller string) (Addon, bool) {
	all := Index()
	n := slices.IndexFunc(all, func(a Addon) bool { return a.Controller != "" && a.Controller == controller })
	if n < 0 {
		return Addon{}, false
	}
	return all[n], true
}

// ofGKE reports whether GKE built the image, with changes of its own: what makers list is
// not about that.
func (r Reference) ofGKE() bool { return strings.Contains(r.Tag, "-gke.") }
