package plan

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// nested is the JSON of a resource in which one attribute has a value, with the blocks
// that it stands in.
func nested(t *testing.T, path string, value any) string {
	t.Helper()
	steps := strings.Split(path, ".")
	slices.Reverse(steps)
	for _, step := range steps[:len(steps)-1] {
		value = []any{map[string]any{step: value}}
	}
	m := map[string]any{steps[len(steps)-1]: value, "project": "shop", "location": "europe-west1", "cluster": "prod"}
	if m["name"] == nil {
		m["name"] = "prod"
	}
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func changing(t *testing.T, kind, path string, from, to any) []Upgrade {
	t.Helper()
	got, err := Read(planOf(kind, `{"actions": ["update"], "before": `+nested(t, path, from)+`, "after": `+nested(t, path, to)+`}`))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// TestEveryAttributeCounts changes each attribute that is said to count, and each that is
// said not to: a wrong path would let an upgrade pass.
func TestEveryAttributeCounts(t *testing.T) {
	for _, k := range Known() {
		for _, a := range k.Counts {
			var from, to any = "1.1", "1.2"
			switch a.Path {
			case "release_channel":
				from, to = []any{map[string]any{"channel": "STABLE"}}, []any{map[string]any{"channel": "RAPID"}}
			case "remove_default_node_pool":
				from, to = false, true
			case "node_config":
				from, to = []any{map[string]any{"image_type": "a"}}, []any{map[string]any{"image_type": "b"}}
			case "node_pool":
				from, to = []any{map[string]any{"name": "a", "version": "1"}}, []any{map[string]any{"name": "a", "version": "2"}}
			}
			got := changing(t, k.Type, a.Path, from, to)
			if len(got) != 1 || !slices.Equal(got[0].Kinds, a.Kinds) {
				t.Errorf("%s of %s: %+v, want one upgrade of %v", a.Path, k.Type, got, a.Kinds)
			}
			if a.Source == "" || a.Basis == "" {
				t.Errorf("%s of %s has no source", a.Path, k.Type)
			}
			if a.Path == "node_version" || a.Path == "version" || strings.HasPrefix(a.Path, "min_") {
				continue
			}
			if got := changing(t, k.Type, a.Path, to, to); got != nil {
				t.Errorf("%s of %s does not change: %+v", a.Path, k.Type, got)
			}
		}
		for _, q := range k.Quiet {
			for _, path := range q.Paths {
				var from, to any = "a", "b"
				if k.divides(path) {
					from, to = []any{map[string]any{"x": "a"}}, []any{map[string]any{"x": "b"}}
				}
				if got := changing(t, k.Type, path, from, to); got != nil && path != "project" && path != "location" && path != "cluster" {
					t.Errorf("%s of %s: %+v, want none", path, k.Type, got)
				}
			}
		}
	}
}

// TestEveryAttributeIsSaidOnce finds an attribute that both counts and does not.
func TestEveryAttributeIsSaidOnce(t *testing.T) {
	for _, k := range Known() {
		seen := map[string]bool{}
		say := func(path string) {
			if seen[path] {
				t.Errorf("%s of %s is there twice", path, k.Type)
			}
			seen[path] = true
		}
		for _, a := range k.Counts {
			say(a.Path)
		}
		for _, q := range k.Quiet {
			for _, path := range q.Paths {
				say(path)
			}
		}
	}
}

// A newer provider has attributes that this version can't know: they count, and are named.
func TestUnknownAttributesCount(t *testing.T) {
	for kind, want := range map[string]Kind{clusterType: ControlPlane, nodePoolType: Nodes} {
		for _, path := range []string{"quantum", "network_config.quantum", "node_config.quantum"} {
			if kind == clusterType && path != "quantum" {
				continue
			}
			got := changing(t, kind, path, nil, 7)
			if len(got) != 1 || !got[0].Replaces(want) || !strings.Contains(got[0].Changes[0], "quantum (none) -> 7, an attribute that this version does not know") {
				t.Errorf("%s of %s: %+v", path, kind, got)
			}
		}
	}
}

// What a plan marks as sensitive is not in what is said of it; what is only known after
// apply is said so.
func TestMarkedValues(t *testing.T) {
	image := func(v string) string { return nested(t, "node_config.image_type", v) }
	for marks, want := range map[string]string{
		`"after_sensitive": {"node_config": [{"image_type": true}]}`:  "node_config.image_type (sensitive): nodes are made anew",
		`"before_sensitive": {"node_config": [{"image_type": true}]}`: "node_config.image_type (sensitive): nodes are made anew",
		`"after_sensitive": true`:                                     "node_config.image_type (sensitive): nodes are made anew",
		`"after_unknown": {"node_config": [{"image_type": true}]}`:    "node_config.image_type geheim -> known after apply: nodes are made anew",
		`"after_unknown": {"node_config": true}`:                      "node_config -> known after apply",
	} {
		got, err := Read(planOf(nodePoolType, `{"actions": ["update"], "before": `+image("geheim")+`, "after": `+image("geheimer")+`, `+marks+`}`))
		if err != nil || len(got) != 1 || got[0].Changes[0] != want {
			t.Errorf("%s: %v, %v, want %q", marks, got, err, want)
		}
	}
}
