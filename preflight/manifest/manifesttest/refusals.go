// Package manifesttest reads the table of what an API server refuses, for the tests
// of package manifest and of a real API server.
package manifesttest

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	"sigs.k8s.io/yaml"
)

// A Refusal is an object that an API server refuses, or accepts.
type Refusal struct {
	// Name says what differs from an object that is accepted.
	Name string
	// Object is the whole of it, as JSON.
	Object []byte
	// Fields are those that the API server complains of, sorted; none for an object
	// that it accepts.
	Fields []string
}

// Refusals reads the table.
func Refusals(t testing.TB, b []byte) []Refusal {
	t.Helper()
	var table struct {
		Objects map[string]json.RawMessage `json:"objects"`
		Changes []struct {
			Of     string         `json:"of"`
			Set    map[string]any `json:"set"`
			Fields []string       `json:"fields"`
		} `json:"changes"`
	}
	if err := yaml.UnmarshalStrict(b, &table); err != nil {
		t.Fatal(err)
	}
	var all []Refusal
	for _, c := range table.Changes {
		slices.Sort(c.Fields)
		all = append(all, Refusal{fmt.Sprintf("%s with %v", c.Of, c.Set), changed(t, table.Objects[c.Of], c.Set), c.Fields})
	}
	return all
}

// changed sets what stands at each JSON pointer; nil takes it away.
func changed(t testing.TB, object []byte, set map[string]any) []byte {
	t.Helper()
	type operation struct {
		Op    string `json:"op"`
		Path  string `json:"path"`
		Value any    `json:"value,omitempty"`
	}
	for path, value := range set {
		o := operation{"replace", path, value}
		if value == nil {
			o.Op = "remove"
		} else if _, err := apply(object, operation{"remove", path, nil}); err != nil {
			o.Op = "add"
		}
		made, err := apply(object, o)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		object = made
	}
	return object
}

func apply(object []byte, o any) ([]byte, error) {
	b, err := json.Marshal([]any{o})
	if err != nil {
		return nil, err
	}
	patch, err := jsonpatch.DecodePatch(b)
	if err != nil {
		return nil, err
	}
	return patch.Apply(object)
}
