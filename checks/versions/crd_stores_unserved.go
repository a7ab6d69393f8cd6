package versions

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

var crdStoresUnserved = preflight.Check{
	ID:       "GP313",
	Name:     "crd-stores-unserved",
	Title:    "Custom resources may be stored at a version that is not served",
	Severity: preflight.Info,
	Steps:    []preflight.Step{preflight.ControlPlaneStep},
	Needs:    []facts.Fact{facts.CustomResources},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		f := preflight.Finding{Severity: preflight.Info, Subject: preflight.Subject{Kind: "CustomResourceDefinitions", Name: "storedVersions"}}
		var named []string
		for i, d := range facts.CustomResources.Of(s) {
			unserved := slices.DeleteFunc(slices.Clone(d.Stored), func(v string) bool { return slices.Contains(d.Served, v) })
			if len(unserved) == 0 {
				continue
			}
			named = append(named, fmt.Sprintf("%s (%s)", d.Name, strings.Join(unserved, ", ")))
			f.Evidence = append(f.Evidence, preflight.Evidence{Fact: facts.CustomResources.ID(), Path: fmt.Sprintf("/%d/stored", i), Value: d.Stored,
				Note: fmt.Sprintf("are the versions that objects of %s may be stored at; served are %s", d.Name, strings.Join(d.Served, ", "))})
			if f.Steps == nil {
				f.Steps = remedy.Do("store the objects anew", remedy.Sh("kubectl get %s --all-namespaces --output yaml | kubectl replace --filename -", d.Name)).
					Then("take the version off status.storedVersions, before a release of the operator comes that drops it", remedy.Sh("kubectl edit customresourcedefinition %s --subresource status", d.Name))
			}
		}
		if named == nil {
			return nil
		}
		f.Summary = fmt.Sprintf("objects may be stored at versions that are not served: %s; they are read by conversion, and a definition that drops such a version is refused", firstOfMany(named))
		return []preflight.Finding{f}
	},
}
