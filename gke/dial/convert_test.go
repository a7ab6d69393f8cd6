package dial

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/probe"
)

// toBeConverted is a question to a converter about one object, and its uid.
func toBeConverted(t testing.TB, version string) (*question, string) {
	t.Helper()
	object := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "example.com/v1", "kind": "Cron", "metadata": map[string]any{"name": "a", "namespace": "n", "uid": "1"},
	}}
	q := &question{Request: &probe.Request{Call: &probe.Call{Want: "example.com/v2", ReviewVersion: version}}}
	asked, err := q.toConvert(object)
	if err != nil {
		t.Fatal(err)
	}
	var sent conversionReview
	if err := json.Unmarshal(asked.Review, &sent); err != nil {
		t.Fatal(err)
	}
	return asked, string(sent.Request.UID)
}

const converted = `{"apiVersion":"example.com/v2","kind":"Cron","metadata":{"name":"a","namespace":"n","uid":"1"}}`

func conversionAnswer(version, uid, status, objects string) string {
	return fmt.Sprintf(`{"apiVersion":"apiextensions.k8s.io/%s","kind":"ConversionReview","response":{"uid":%q,"result":%s,"convertedObjects":%s}}`, version, uid, status, objects)
}

// TestConverted is the table of what the API server does not accept
// (k8s.io/apiextensions-apiserver pkg/apiserver/conversion/webhook_converter.go).
func TestConverted(t *testing.T) {
	const success = `{"status":"Success"}`
	for name, c := range map[string]struct {
		version, content string
		answer           facts.Answer
		fault            facts.Fault
	}{
		"converted":                   {"v1", conversionAnswer("v1", "UID", success, "["+converted+"]"), facts.Allowed, ""},
		"v1beta1 need not say a uid":  {"v1beta1", conversionAnswer("v1beta1", "", success, "["+converted+"]"), facts.Allowed, ""},
		"labels may change":           {"v1", conversionAnswer("v1", "UID", success, strings.Replace("["+converted+"]", `"uid"`, `"labels":{"a":"b"},"uid"`, 1)), facts.Allowed, ""},
		"another uid":                 {"v1", conversionAnswer("v1", "other", success, "["+converted+"]"), facts.BadAnswer, facts.WrongUID},
		"another version of review":   {"v1", conversionAnswer("v1beta1", "UID", success, "["+converted+"]"), facts.BadAnswer, facts.WrongVersion},
		"another kind":                {"v1", `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}`, facts.BadAnswer, facts.NotReview},
		"no response":                 {"v1", `{"apiVersion":"apiextensions.k8s.io/v1","kind":"ConversionReview"}`, facts.BadAnswer, facts.NoResponse},
		"it says that it failed":      {"v1", conversionAnswer("v1", "UID", `{"status":"Failure","message":"no such field"}`, "[]"), facts.Denied, ""},
		"it does not say Success":     {"v1", conversionAnswer("v1", "UID", "{}", "["+converted+"]"), facts.Denied, ""},
		"fewer objects":               {"v1", conversionAnswer("v1", "UID", success, "[]"), facts.BadAnswer, facts.BadObjects},
		"more objects":                {"v1", conversionAnswer("v1", "UID", success, "["+converted+","+converted+"]"), facts.BadAnswer, facts.BadObjects},
		"not converted":               {"v1", conversionAnswer("v1", "UID", success, strings.Replace("["+converted+"]", "/v2", "/v1", 1)), facts.BadAnswer, facts.BadObjects},
		"another name":                {"v1", conversionAnswer("v1", "UID", success, strings.Replace("["+converted+"]", `"a"`, `"b"`, 1)), facts.BadAnswer, facts.BadObjects},
		"another uid of the object":   {"v1", conversionAnswer("v1", "UID", success, strings.Replace("["+converted+"]", `"1"`, `"2"`, 1)), facts.BadAnswer, facts.BadObjects},
		"no metadata":                 {"v1", conversionAnswer("v1", "UID", success, `[{"apiVersion":"example.com/v2","kind":"Cron"}]`), facts.BadAnswer, facts.BadObjects},
		"not an object":               {"v1", conversionAnswer("v1", "UID", success, `[3]`), facts.BadAnswer, facts.BadObjects},
		"not JSON":                    {"v1", "<html>", facts.BadAnswer, facts.NotReview},
		"JSON that is no such object": {"v1", "[]", facts.BadAnswer, facts.NotReview},
	} {
		q, uid := toBeConverted(t, c.version)
		a := q.converted([]byte(strings.ReplaceAll(c.content, "UID", uid)))
		if a.Answer != c.answer || a.Fault != c.fault {
			t.Errorf("%s: %s %s (%s), want %s %s", name, a.Answer, a.Fault, a.Detail, c.answer, c.fault)
		}
	}
}

// FuzzConverted: whatever a converter sends, the tool neither crashes nor takes it
// for a conversion unless it holds the object asked for, in the version asked for.
func FuzzConverted(f *testing.F) {
	f.Add(true, `{"status":"Success"}`, "["+converted+"]", "")
	f.Add(false, `{"status":"Success"}`, "["+converted+"]", "x")
	f.Add(true, `{"status":"Failure","message":"\u001b[31m"}`, "[]", "")
	f.Add(true, `null`, `[null]`, "")
	f.Add(true, `{"status":"Success"}`, `[{"metadata":{"name":{}}}]`, "")
	f.Fuzz(func(t *testing.T, v1 bool, status, objects, instead string) {
		version := "v1beta1"
		if v1 {
			version = "v1"
		}
		q, uid := toBeConverted(t, version)
		content := []byte(conversionAnswer(version, uid, status, objects))
		if instead != "" {
			content = []byte(instead)
		}
		a := q.converted(content)
		if !slices.Contains([]facts.Answer{facts.Allowed, facts.Denied, facts.BadAnswer}, a.Answer) || !utf8.ValidString(clip(a.Detail)) {
			t.Errorf("%+v", a)
		}
		if a.Answer == facts.Allowed && !holdsTheObject(content) {
			t.Errorf("taken for a conversion: %s", content)
		}
	})
}

func holdsTheObject(content []byte) bool {
	var got struct {
		Response struct {
			ConvertedObjects []struct {
				APIVersion, Kind string
				Metadata         struct{ Name, Namespace, UID string }
			}
		}
	}
	_ = json.Unmarshal(content, &got)
	objects := got.Response.ConvertedObjects
	return len(objects) == 1 && objects[0].APIVersion == "example.com/v2" && objects[0].Kind == "Cron" && objects[0].Metadata.Name == "a"
}
