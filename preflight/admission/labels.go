package admission

import (
	"fmt"
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// A truth of three values.
type truth int

const (
	no truth = iota
	yes
	perhaps
)

// unknownLabel is the label because of which the objectSelector can't be held
// against the sketch, against an object without its labels, or one whose labels may be
// changed by what was not read; empty if it can, and for a whole write. A selector of which
// one requirement is not met is not met, whatever is unknown of the others.
func (r *request) unknownLabel(s *metav1.LabelSelector) string {
	if !r.sketch && !r.labelsUnknown && r.unseen == "" || s == nil || len(s.MatchLabels)+len(s.MatchExpressions) == 0 {
		return ""
	}
	unknown := ""
	for _, q := range requirements(s) {
		switch r.meets(q) {
		case no:
			return ""
		case perhaps:
			unknown = q.Key
		case yes:
		}
	}
	return unknown
}

// requirements are those of the selector, matchLabels as expressions.
func requirements(s *metav1.LabelSelector) []metav1.LabelSelectorRequirement {
	var all []metav1.LabelSelectorRequirement
	for _, k := range slices.Sorted(maps.Keys(s.MatchLabels)) {
		all = append(all, metav1.LabelSelectorRequirement{Key: k, Operator: metav1.LabelSelectorOpIn, Values: []string{s.MatchLabels[k]}})
	}
	return append(all, s.MatchExpressions...)
}

func (r *request) meets(q metav1.LabelSelectorRequirement) truth {
	var known labels.Set
	if o := unstructuredOf(r.GetObject()); o != nil {
		known = o.GetLabels()
	}
	_, carried := known[q.Key]
	byValue := q.Operator == metav1.LabelSelectorOpIn || q.Operator == metav1.LabelSelectorOpNotIn
	switch {
	case r.unseen != "", !carried && !r.labels.Complete:
		return perhaps
	case carried && byValue && slices.Contains(r.labels.Varying, q.Key):
		return perhaps
	}
	// What does not parse is the API server's error, later.
	s, err := metav1.LabelSelectorAsSelector(&metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{q}})
	if err != nil || s.Matches(known) {
		return yes
	}
	return no
}

// unknownLabelReason says so in words; empty for none.
func (r *request) unknownLabelReason(key string) string {
	if key == "" {
		return ""
	}
	return fmt.Sprintf("its objectSelector reads label %s, and which value of it %s carries, if any, is not known", key, one(r.GetKind().Kind))
}

// one is such as "a Node" or "an EndpointSlice".
func one(kind string) string {
	if kind != "" && slices.Contains([]byte("AEIO"), kind[0]) {
		return "an " + kind
	}
	return "a " + kind
}
