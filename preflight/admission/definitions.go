package admission

import (
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// definitions is the kind whose spec.group is known by the name.
var definitions = schema.GroupKind{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition"}

// definitionOfGroup reports whether the object is a CustomResourceDefinition of a group that
// is known, or of one that stands for all that a new version brings.
func (r *request) definitionOfGroup() bool {
	u, ok := r.GetObject().(*unstructured.Unstructured)
	if !ok || u == nil || r.GetKind().GroupKind() != definitions {
		return false
	}
	group, known, err := unstructured.NestedString(u.Object, "spec", "group")
	return err == nil && known && group != ""
}

// shippers are what the groups end in, with a dot before, under which Google and Kubernetes
// ship CustomResourceDefinitions with GKE. The one of autoscaling is that of
// cloud.google.com/kubernetes-engine/docs/how-to/provisioningrequest.
var shippers = []string{".k8s.io", ".gke.io", ".cloud.google.com", ".googleapis.com", ".autoscaling.x-k8s.io"}

// Ships reports whether a CustomResourceDefinition of that name, or group, may be one that
// comes with GKE.
func Ships(name string) bool {
	return slices.ContainsFunc(shippers, func(s string) bool { return strings.HasSuffix("."+name, s) })
}

// comparison is how expressions ask for one name or group, or for names that end alike.
var comparison = regexp.MustCompile(`(?:\brequest\s*\.\s*name|\b(?:object|oldObject)\s*\.\s*(?:metadata\s*\.\s*name|spec\s*\.\s*group))\s*(?:[!=]=|\.\s*endsWith\s*\()\s*(?:'([^'\\]*)'|"([^"\\]*)")`)

// ofShipped reports whether the expressions read a name or a group in another way than to
// compare it with what is surely none that GKE ships.
func ofShipped(expressions string) bool {
	rest := comparison.ReplaceAllStringFunc(expressions, func(c string) string {
		found := comparison.FindStringSubmatch(c)
		end := found[1] + found[2]
		if Ships(end) || slices.ContainsFunc(shippers, func(s string) bool { return strings.HasSuffix(s, end) }) {
			return c
		}
		return ""
	})
	return nameExpression.MatchString(rest) || groupExpression.MatchString(rest)
}
