package facts

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"
)

// TestIndented: a list that is written one by one is the same file as one that is written
// as a whole, so that recordings of earlier versions and of this one compare.
func TestIndented(t *testing.T) {
	pod := Pod{Namespace: "shop", Name: "a<b>&c", Labels: map[string]string{"b": "2", "a": "1"}, IPs: []string{}, Created: time.Unix(0, 0).UTC(),
		Containers: []Container{{Name: "server", Ports: map[string]int32{"http": 8080}}, {Name: "sidecar"}}}
	for name, v := range map[string]any{
		"none": []Pod{}, "nil": []Pod(nil), "one": []Pod{pod}, "several": []Pod{pod, {}, pod}, "empty objects": []struct{}{{}, {}},
		"times": []time.Time{time.Unix(1, 0).UTC(), time.Unix(2, 0).UTC()}, "texts": []string{"a", "b"}, "a map": map[string]int{"b": 1, "a": 2},
		"no list": pod, "pointers": []*Pod{&pod, nil}, "nothing": nil,
	} {
		want, err := json.MarshalIndent(v, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		if err := indented(&got, v); err != nil {
			t.Fatal(err)
		}
		if string(want)+"\n" != got.String() {
			t.Errorf("%s: want\n%s\ngot\n%s", name, want, &got)
		}
	}
}

// largest is the length of the longest piece that it was given.
type largest int

func (l *largest) Write(p []byte) (int, error) {
	*l = max(*l, largest(len(p)))
	return len(p), nil
}

// TestIndentedInPieces: the JSON of a large cluster's pods does not fit in the memory that
// a job beside others is given, several times over.
func TestIndentedInPieces(t *testing.T) {
	pods := make([]Pod, 10_000)
	for i := range pods {
		pods[i] = Pod{Namespace: "shop", Name: "web", Containers: []Container{{Name: "server"}}}
	}
	var most largest
	if err := indented(&most, pods); err != nil {
		t.Fatal(err)
	}
	if most > 1_000 {
		t.Errorf("%d bytes were written at once", most)
	}
}
