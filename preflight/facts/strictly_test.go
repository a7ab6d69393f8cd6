package facts

import (
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
)

// TestStrictly: what is read in pieces is what is read as a whole.
func TestStrictly(t *testing.T) {
	for name, c := range map[string]struct {
		fact Fact
		json string
	}{
		"several":       {BackendPods, `[{"namespace":"a","name":"b","labels":{"x":"1"},"ready":true,"created":"2026-11-30T12:00:00Z"},{"namespace":"a","name":"c","ready":false}]`},
		"none":          {BackendPods, "[]\n"},
		"null":          {BackendPods, "null\n"},
		"one of null":   {BackendPods, "[null]"},
		"no list":       {ServerVersion, `{"gitVersion": "v1.35.4"}`},
		"null, no list": {ServerVersion, `null`},
		"texts":         {LocalVolumes, `["a/b","c/d"]`},
		"a map":         {NodeLeases, `{"n1":"2026-11-30T12:00:00Z"}`},
		"upstream's":    {ValidatingWebhooks, `[{"metadata":{"name":"w","creationTimestamp":"2026-11-30T12:00:00Z"},"webhooks":[{"name":"w.example.com","clientConfig":{"caBundle":"aGk="},"sideEffects":"None","timeoutSeconds":10,"admissionReviewVersions":["v1"]}]}]`},
	} {
		pieces, err := c.fact.decodeJSON(strings.NewReader(c.json))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		whole, err := c.fact.decode([]byte(c.json))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !reflect.DeepEqual(whole, pieces) {
			t.Errorf("%s: as a whole %+v, in pieces %+v", name, whole, pieces)
		}
	}
}

// TestStrictlyRefuses: of two fields of a name only one can be right, and what is read past
// may be what decides the verdict.
func TestStrictlyRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		fact Fact
		json string
	}{
		"a field twice":              {BackendPods, `[{"name":"a","name":"b"}]`},
		"a label twice":              {BackendPods, `[{"name":"a","labels":{"x":"1","x":"2"}}]`},
		"a field twice in an object": {PolicyParams, `[{"kind":"Limit","objects":[{"spec":{"most":1,"most":2}}]}]`},
		"an unknown field":           {BackendPods, `[{"name":"a","nmae":"b"}]`},
		"a field in capitals":        {BackendPods, `[{"Name":"a"}]`},
		"more behind it":             {BackendPods, `[{"name":"a"}] []`},
		"cut short":                  {BackendPods, `[{"name":"a"},`},
		"without its end":            {BackendPods, `[{"name":"a"}`},
		"no list":                    {BackendPods, `{"name":"a"}`},
		"no UTF-8":                   {BackendPods, "[{\"name\":\"\xff\"}]"},
		"empty":                      {BackendPods, ""},
		"YAML":                       {BackendPods, "- name: a"},
	} {
		if v, err := c.fact.decodeJSON(strings.NewReader(c.json)); err == nil {
			t.Errorf("%s is read: %+v", name, v)
		}
	}
}

// TestWholeNumbers: a policy that divides by a parameter is evaluated on a recording as on
// the cluster, where whole numbers are integers.
func TestWholeNumbers(t *testing.T) {
	s := New(Meta{}, Present(PolicyParams, []ParamKind{{Kind: "Limit", Objects: []map[string]any{{"most": int64(9007199254740993)}}}}))
	loaded, err := LoadZip(zipped(t, s))
	if err != nil {
		t.Fatal(err)
	}
	if got := PolicyParams.Of(loaded)[0].Objects[0]["most"]; got != int64(9007199254740993) {
		t.Errorf("%T %v", got, got)
	}
}

// TestYAMLInJSON: what was written by hand is read as before, and its mistakes are told.
func TestYAMLInJSON(t *testing.T) {
	load := func(pods string) (*Snapshot, error) {
		return Load(fstest.MapFS{"meta.json": {Data: []byte(`{"schema": "` + Schema + `"}`)}, "backend-pods.json": {Data: []byte(pods)}})
	}
	s, err := load("- name: a # by hand")
	if err != nil {
		t.Fatal(err)
	}
	if pods := BackendPods.Of(s); len(pods) != 1 || pods[0].Name != "a" {
		t.Errorf("%+v", pods)
	}
	if _, err := load(`[{"name":"a","name":"b"}]`); err == nil || !strings.Contains(err.Error(), `backend-pods.json: `) || !strings.Contains(err.Error(), `"name" already set`) {
		t.Errorf("%v", err)
	}
}

// TestRecordedPodsShare: the pods of a recording take no more memory than when they were read.
func TestRecordedPodsShare(t *testing.T) {
	pod := func(name string) Pod {
		return Pod{Name: name, Labels: map[string]string{"app": "opa"}, Containers: []Container{{Name: "c", Limits: map[string]string{"memory": "1Gi"}}}}
	}
	loaded, err := LoadZip(zipped(t, New(Meta{}, Present(BackendPods, []Pod{pod("a"), pod("b")}))))
	if err != nil {
		t.Fatal(err)
	}
	pods := BackendPods.Of(loaded)
	at := func(m any) uintptr { return reflect.ValueOf(m).Pointer() }
	if at(pods[0].Labels) != at(pods[1].Labels) || at(pods[0].Containers[0].Limits) != at(pods[1].Containers[0].Limits) {
		t.Error("pods alike do not share their maps")
	}
}
