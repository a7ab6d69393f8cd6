package admission

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParamReads(t *testing.T) {
	for expression, want := range map[string]string{
		`object.metadata.name == "x"`:                                               ``,
		`object.spec.replicas <= int(params.data.max)`:                              `/data/max`,
		`params.data['max.replicas/prod'] == '1' && params.data.a == params.data.b`: `/data/a /data/b /data/max.replicas~1prod`,
		`has(params.data.max) && params.data["max"] == "1"`:                         `/data/max`,
		`'max' in params.data`:                                                      `/data/max`,
		`params.data[object.metadata.namespace] == "on"`:                            `/data`,
		`params.data.exists(k, k == object.metadata.name)`:                          `/data`,
		`params.spec.allowed.all(a, a.startsWith(params.spec.prefix))`:              `/spec/allowed /spec/prefix`,
		`params == null || size(params.data) > 0`:                                   `(all)`,
		`params.?data.?max.orValue("3") == "3"`:                                     `/data/max`,
		`params.data[?"max"].hasValue()`:                                            `/data/max`,
		`variables.limits.max == "1"`:                                               ``,
		`[params.data.a, "x"].join(",") + {"k": params.data.b}["k"]`:                `/data/a /data/b`,
		`(params.data).max`:                                                         `/data/max`,
		`params.data.max && params.data`:                                            `/data`,
		`object.params.data.secret == ""`:                                           ``,
		`params.data.max ==`:                                                        `(all)`,
	} {
		got := strings.Join(paramReads(expression).Pointers(), " ")
		if len(paramReads(expression).Pointers()) == 1 && got == "" {
			got = "(all)"
		}
		if got != want {
			t.Errorf("%s reads %q, want %q", expression, got, want)
		}
		if again := strings.Join(readParamsOf(paramReads(expression).Pointers()).Pointers(), " "); want != "(all)" && again != want {
			t.Errorf("%s: written and read again it is %q", expression, again)
		}
	}
}

// What no expression reads is not kept; what it would find is as it would be.
func TestKeep(t *testing.T) {
	for reads, want := range map[string]string{
		"":                            `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"labels":{"a":"b"},"name":"limits","namespace":"ops"}}`,
		"params.data.max":             `{"apiVersion":"v1","data":{"max":"3"},"kind":"ConfigMap","metadata":{"labels":{"a":"b"},"name":"limits","namespace":"ops"}}`,
		"has(params.data.none)":       `{"apiVersion":"v1","data":{},"kind":"ConfigMap","metadata":{"labels":{"a":"b"},"name":"limits","namespace":"ops"}}`,
		"has(params.binaryData.none)": `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"labels":{"a":"b"},"name":"limits","namespace":"ops"}}`,
		"params.metadata.annotations.x + params.data.max.y": `{"apiVersion":"v1","data":{"max":"3"},"kind":"ConfigMap","metadata":{"annotations":{"x":"y"},"labels":{"a":"b"},"name":"limits","namespace":"ops"}}`,
	} {
		object := map[string]any{
			"apiVersion": "v1", "kind": "ConfigMap", "data": map[string]any{"max": "3", "password": "hunter2"},
			"metadata": map[string]any{"name": "limits", "namespace": "ops", "uid": "u", "labels": map[string]any{"a": "b"}, "annotations": map[string]any{"x": "y", "last-applied": "hunter2"}},
		}
		before, _ := json.Marshal(object)
		kept := paramReads(reads).Keep(object)
		b, err := json.Marshal(kept)
		if d := cmp.Diff(want, string(b)); err != nil || d != "" {
			t.Errorf("%s: %v %s", reads, err, d)
		}
		if after, _ := json.Marshal(object); string(after) != string(before) {
			t.Errorf("%s: the object was changed", reads)
		}
	}
}

func TestParamsMissing(t *testing.T) {
	kept := readParamsOf([]string{"/data/max", "/spec"})
	for expression, want := range map[string]string{
		"params.data.max": "", "params.spec.limits.x": "", "params.metadata.labels.a": "", "params.data.min": "params data min", "params.data": "params data", "params.metadata.annotations.x": "params metadata annotations x",
	} {
		if got := strings.Join(paramReads(expression).missing(kept), " "); got != want {
			t.Errorf("%s: %q is missing, want %q", expression, got, want)
		}
	}
}
