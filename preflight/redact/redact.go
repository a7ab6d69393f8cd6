// Package redact makes a recording anonymous: names that users gave are replaced, each by
// the same one everywhere, so that what refers to what, and what comes of it, stays.
package redact

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/addons"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// untouched are the facts that hold what Kubernetes and GKE have named, and no more, and
// in which a word that is a user's name elsewhere is another thing.
var untouched = map[string]bool{
	facts.ServerVersion.ID(): true, facts.APIResources.ID(): true,
	facts.ClusterRoles.ID(): true, facts.ClusterRoleBindings.ID(): true, facts.Roles.ID(): true, facts.RoleBindings.ID(): true,
	facts.PriorityLevels.ID(): true, facts.FlowSchemas.ID(): true, facts.ServiceCIDRs.ID(): true,
	facts.KubernetesService.ID(): true, facts.IdentityLeases.ID(): true,
	facts.GKEServerConfig.ID(): true, facts.GKEUpgradeInfo.ID(): true, facts.GKESettings.ID(): true, facts.GKEQuotas.ID(): true,
}

// Snapshot returns s with other names. It is an error if the result can't be read again.
func Snapshot(s *facts.Snapshot) (*facts.Snapshot, error) {
	files, err := filesOf(s)
	if err != nil {
		return nil, err
	}
	r, err := namesOf(s, files)
	if err != nil {
		return nil, err
	}
	var packed bytes.Buffer
	z := zip.NewWriter(&packed)
	for _, f := range files {
		w, err := z.Create(f.Name)
		if err != nil {
			return nil, err
		}
		if err := rewrite(w, f, func(v any) any { return r.file(stem(f), v) }); err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	redacted, err := facts.LoadZip(packed.Bytes())
	if err != nil {
		return nil, fmt.Errorf("the recording can't be made anonymous: %w", err)
	}
	m := redacted.Meta
	m.AsOf = s.Meta.AsOf
	return redacted.WithMeta(m), nil
}

// keyed are the facts that are maps by name.
var keyed = map[string]bool{facts.NodeLeases.ID(): true, facts.GKENodePoolUpgradeInfo.ID(): true}

// A replacer has what takes the place of each name.
type replacer map[string]string

// file replaces names in what a file holds.
func (r replacer) file(stem string, v any) any {
	switch {
	case stem == facts.SystemConfigMaps.ID():
		r.labelled(v)
		fallthrough
	case untouched[stem]:
		return replacer{}.value(v, "", false) // addresses of people may stand anywhere
	}
	return r.value(v, "", keyed[stem])
}

// labelled are the fields whose keys are labels', or annotations'.
var labelled = []string{"labels", "matchLabels", "selector", "nodeSelector", "annotations"}

// labelled replaces names in the labels and annotations of entries of which the rest stays.
func (r replacer) labelled(v any) {
	all, _ := v.([]any)
	for _, o := range all {
		entry, _ := o.(map[string]any)
		for _, f := range labelled {
			if inner, ok := entry[f]; ok {
				entry[f] = r.value(inner, f, false)
			}
		}
	}
}

var email = regexp.MustCompile(`[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}`)

// object is one in words, by its kind and name.
var object = regexp.MustCompile(`\b([A-Z][A-Za-z]+) [a-z0-9][a-z0-9./-]*`)

// value replaces names in v, which stands in the field; keys says that v is a map by name.
func (r replacer) value(v any, field string, keys bool) any {
	switch v := v.(type) {
	case string:
		return r.text(v, field)
	case []any:
		for n := range v {
			v[n] = r.value(v[n], field, false)
		}
	case map[string]any:
		out := map[string]any{}
		for k, inner := range v {
			to := k
			if keys || slices.Contains(labelled, field) {
				to = r.text(k, "")
			}
			out[to] = r.value(inner, k, false)
			if text, ok := inner.(string); ok && field == "annotations" && !system(k) && words.FindString(text) != text {
				out[to] = "redacted" // whatever somebody has written there
			}
		}
		return out
	}
	return v
}

func (r replacer) text(s, field string) string {
	switch {
	case opaque[field], isTime(s):
		return s
	case field == "patch":
		return r.patch(s)
	case field == "shown":
		return object.ReplaceAllString(s, "$1 redacted")
	case field == "image" && !systemImage(s):
		return r.image(s)
	case field == "controller" && addons.Serves(s):
		return s
	}
	return words.ReplaceAllStringFunc(email.ReplaceAllString(s, "user@example.com"), r.word)
}

// image keeps of an image the end of its path by which an add-on or a runtime is known, and
// the tag, which tells its release.
func (r replacer) image(s string) string {
	at := addons.ReferenceOf(s)
	end, known := addons.KnownEnd(at)
	if !known {
		end = r[imageName(at.Path)]
	}
	return "registry.example/" + end + strings.TrimPrefix(s, at.Path)
}

// imageName is by what the name of an image stands in a replacer: it is a word nowhere.
func imageName(path string) string { return "image " + path }

// patch replaces names in a JSON Patch, whose paths write the slash of a label as ~1. One
// that can't be read is left out.
func (r replacer) patch(s string) string {
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	var operations []map[string]any
	if d.Decode(&operations) != nil {
		return ""
	}
	for _, o := range operations {
		for k, v := range o {
			switch text, ok := v.(string); {
			case ok && (k == "path" || k == "from"):
				o[k] = r.pointer(text)
			case ok && k == "value" && words.FindString(text) != text:
				o[k] = "redacted"
			default:
				o[k] = r.value(v, lastOf(o["path"]), false)
			}
		}
	}
	b, err := json.Marshal(operations)
	if err != nil {
		return ""
	}
	return string(b)
}

// pointer replaces names in the parts of a JSON Pointer.
func (r replacer) pointer(s string) string {
	parts := strings.Split(s, "/")
	for n, part := range parts {
		part = r.text(strings.NewReplacer("~1", "/", "~0", "~").Replace(part), "")
		parts[n] = strings.NewReplacer("~", "~0", "/", "~1").Replace(part)
	}
	return strings.Join(parts, "/")
}

// lastOf is the last part of a JSON Pointer, the field that it leads to.
func lastOf(pointer any) string {
	s, _ := pointer.(string)
	return s[strings.LastIndexByte(s, '/')+1:]
}

// words are as long as names of labels and of objects can be: with one slash at most.
var words = regexp.MustCompile(`[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?(?:/[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?)?`)

// word is what takes the place of a word, or of its parts.
func (r replacer) word(word string) string {
	if to, ok := r[word]; ok {
		return to
	}
	parts := strings.Split(word, "/")
	for n, part := range parts {
		if to, ok := r[part]; ok {
			parts[n] = to
		}
	}
	return strings.Join(parts, "/")
}

// opaque are fields whose values are not text, or are of a closed set.
var opaque = map[string]bool{
	"caBundle": true, "answer": true, "fault": true, "vantage": true, "apiVersion": true, "kind": true, "schema": true,
	"operations": true, "resources": true, "apiGroups": true, "apiVersions": true, "scope": true, "failurePolicy": true,
	"matchPolicy": true, "sideEffects": true, "type": true, "protocol": true, "status": true, "reason": true, "phase": true,
	"resource": true, "group": true, "version": true, "operator": true, "kubelet": true, "target": false, "collectedAt": true,
}

// isTime reports whether s is a time, whose parts may be words that are names elsewhere.
func isTime(s string) bool {
	_, err := time.Parse(time.RFC3339, s)
	return err == nil
}

func systemImage(s string) bool {
	return strings.HasPrefix(s, "gke.gcr.io/") || strings.HasPrefix(s, "registry.k8s.io/") || strings.Contains(s, "/gke-release/")
}
