package addons

import (
	"fmt"
	"slices"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// An Installed is one add-on in a cluster, in one release, and where that was seen.
type Installed struct {
	Addon Addon
	// Tag is that of the image, or the release that objects name; empty where none is told.
	Tag string
	// Where is namespace/name of what runs it, or what else it was seen by, such as
	// "IngressClass nginx".
	Where string
	// Fact and Path are where it stands in the recording, and Value is what stands there.
	Fact  facts.Fact
	Path  string
	Value string
}

// ByImages are the add-ons whose images users' pods run, by image, and none where images are
// absent. What GKE keeps, or built itself, is not among them.
func ByImages(s *facts.Snapshot) (all []Installed) {
	images, _ := facts.Images.Get(s)
	for i, image := range images {
		r := ReferenceOf(image.Image)
		if image.Keeper == facts.OfGKE || r.ofGKE() {
			continue
		}
		if a, _, ok := OfImage(r); ok {
			all = append(all, Installed{a, r.Tag, image.Namespace + "/" + image.Name, facts.Images, fmt.Sprintf("/%d/image", i), image.Image})
		}
	}
	return all
}

// ByClasses are the add-ons that serve IngressClasses, and none where those are absent.
func ByClasses(s *facts.Snapshot) (all []Installed) {
	classes, _ := facts.IngressClasses.Get(s)
	for i, c := range classes {
		if a, ok := ofController(c.Controller); ok {
			all = append(all, Installed{a, "", "IngressClass " + c.Name, facts.IngressClasses, fmt.Sprintf("/%d/controller", i), c.Controller})
		}
	}
	return all
}

// ByDefinitions is the add-on whose definitions tell a release, Gateway API, where users have
// installed them: the first that does. None where definitions are absent.
func ByDefinitions(s *facts.Snapshot) []Installed {
	definitions, _ := facts.CustomResources.Get(s)
	n := slices.IndexFunc(Index(), func(a Addon) bool { return a.Bundle != "" })
	if n < 0 {
		return nil
	}
	a := Index()[n]
	for i, d := range definitions {
		if d.Bundle != "" {
			return []Installed{{a, d.Bundle, "its CRDs", facts.CustomResources, fmt.Sprintf("/%d/bundle", i), d.Bundle}}
		}
	}
	return nil
}
