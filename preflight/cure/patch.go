package cure

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"sigs.k8s.io/yaml"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// An operation is one of a JSON patch (RFC 6902).
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

// A difference is a field of a part that a patch changes.
type difference struct {
	part part
	// field is its JSON pointer within the part.
	field    string
	old, new any
	// added are matchConditions at the end of those that stay; nil for another field.
	added []admissionregistrationv1.MatchCondition
}

// differences are what distinguishes two copies of one object.
func differences(a, b object) []difference {
	var ds []difference
	for n, p := range a.parts {
		q := b.parts[n]
		if added := (*q.conditions)[len(*p.conditions):]; len(added) > 0 {
			ds = append(ds, difference{p, "/matchConditions", present(*p.conditions), *q.conditions, added})
		}
		add := func(field string, x, y any) {
			if !reflect.DeepEqual(x, y) {
				ds = append(ds, difference{part: p, field: field, old: x, new: y})
			}
		}
		if p.rules != nil {
			add("/rules", present(*p.rules), present(*q.rules))
			add("/timeoutSeconds", *p.timeout, *q.timeout)
		}
		if p.selector != nil {
			add(p.selectorPath, *p.selector, *q.selector)
		}
		add("/failurePolicy", *p.failure, *q.failure)
	}
	return ds
}

// present is nil for an empty list, as JSON leaves it out.
func present[T any](list []T) any {
	if len(list) == 0 {
		return nil
	}
	return list
}

// operations are the patch: each change only where the object still is as it was
// recorded.
func operations(ds []difference) []operation {
	var ops []operation
	last := ""
	for _, d := range ds {
		if d.part.path != last && d.part.webhook != "" {
			ops = append(ops, operation{"test", d.part.path + "/name", d.part.webhook})
		}
		last = d.part.path
		path := d.part.path + d.field
		ops = append(ops, operation{"test", path, d.old})
		switch {
		case d.added != nil && d.old != nil:
			for _, c := range d.added {
				ops = append(ops, operation{"add", path + "/-", c})
			}
		default:
			ops = append(ops, operation{"add", path, d.new})
		}
	}
	return ops
}

// encode writes the patch in ASCII without a quote that a shell knows, so that it
// can stand between single quotes.
func encode(ops []operation) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(ops); err != nil {
		return nil, err
	}
	var out []byte
	for _, r := range strings.TrimSpace(b.String()) {
		switch {
		case r >= 0x10000:
			r -= 0x10000
			out = fmt.Appendf(out, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		case r == '\'' || r < ' ' || r > '~':
			out = fmt.Appendf(out, `\u%04x`, r)
		default:
			out = append(out, byte(r))
		}
	}
	return out, nil
}

// apply returns s with what the patch makes of the recorded object.
func apply(s *facts.Snapshot, o object, patch []byte) (*facts.Snapshot, error) {
	document, err := json.Marshal(o.value)
	if err != nil {
		return nil, err
	}
	decoded, err := jsonpatch.DecodePatch(patch)
	if err != nil {
		return nil, err
	}
	if document, err = decoded.Apply(document); err != nil {
		return nil, err
	}
	return put(s, o.key, document)
}

// command applies the patch.
func command(k key, patch []byte) string {
	return fmt.Sprintf("kubectl patch %s %s --type=json --patch='%s'", k.resource(), k.name, patch)
}

// manifest is the object with nothing but the fields that change, for
// server-side apply: a recording lacks annotations and owners, so that a whole
// object made from it would take them away. It is empty where the webhooks of a
// configuration can't be told apart by name. force says that fields change that
// somebody has set, and so owns.
func manifest(s *facts.Snapshot, patched object, ds []difference) (text string, force bool, err error) {
	doc := map[string]any{"apiVersion": apiVersion(s, patched.key), "kind": patched.kind, "metadata": map[string]any{"name": patched.name}}
	byPart := map[string]map[string]any{}
	var webhooks []any
	for _, d := range ds {
		fields := byPart[d.part.path]
		if fields == nil {
			fields = map[string]any{}
			byPart[d.part.path] = fields
			if d.part.webhook != "" {
				fields["name"] = d.part.webhook
				webhooks = append(webhooks, fields)
				doc["webhooks"] = webhooks
			} else {
				doc["spec"] = fields
			}
		}
		name := strings.TrimPrefix(d.field, "/")
		switch {
		case d.added != nil:
			fields[name] = d.added
		case strings.HasPrefix(name, "matchConstraints/"):
			fields["matchConstraints"], force = constraints(patched), true
		default:
			fields[name], force = d.new, true
		}
	}
	b, err := yaml.Marshal(doc)
	return string(b), force, err
}

// constraints are all of a policy's: they are applied as a whole or not at all.
func constraints(o object) *admissionregistrationv1.MatchResources {
	switch p := o.value.(type) {
	case *admissionregistrationv1.ValidatingAdmissionPolicy:
		return p.Spec.MatchConstraints
	case *admissionregistrationv1.MutatingAdmissionPolicy:
		return p.Spec.MatchConstraints
	}
	return nil
}

// apiVersion is the newest one that the running API server serves; v1 where that
// is not known.
func apiVersion(s *facts.Snapshot, k key) string {
	newest := "v1"
	served, _ := facts.APIResources.Get(s)
	if admission.Kind(k.kind) == admission.MutatingPolicy {
		for _, v := range []string{"v1", "v1beta1", "v1alpha1"} {
			if slices.ContainsFunc(served, func(r facts.APIResource) bool {
				return r.Group == admissionregistrationv1.GroupName && r.Resource == "mutatingadmissionpolicies" && r.Version == v
			}) {
				newest = v
				break
			}
		}
	}
	return admissionregistrationv1.GroupName + "/" + newest
}
