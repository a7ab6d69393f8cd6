package dial

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/uuid"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// extensions is the group of the ConversionReview.
const extensions = "apiextensions.k8s.io/"

// A conversionReview has the fields of the ConversionReview v1 and v1beta1
// (k8s.io/apiextensions-apiserver pkg/apis/apiextensions).
type conversionReview struct {
	metav1.TypeMeta `json:",inline"`
	Request         *conversionRequest  `json:"request,omitempty"`
	Response        *conversionResponse `json:"response,omitempty"`
}

type conversionRequest struct {
	UID               types.UID        `json:"uid"`
	DesiredAPIVersion string           `json:"desiredAPIVersion"`
	Objects           []map[string]any `json:"objects"`
}

type conversionResponse struct {
	UID              types.UID         `json:"uid"`
	ConvertedObjects []json.RawMessage `json:"convertedObjects"`
	Result           metav1.Status     `json:"result"`
}

// call asks for what is not admission: the backend, with the object to convert,
// or the running API server. The object goes into the question and nowhere else.
func (p *prober) call(ctx context.Context, q *question) facts.Attempt {
	read := q.Vantage == facts.ServerRead
	switch {
	case q.Call.Collection == "" && read:
		return p.serverRead(ctx, q, q.Call.Path, q.apiResources)
	case q.Call.Collection == "":
		return p.put(ctx, q)
	}
	found := p.sampleOf(ctx, q)
	switch {
	case q.Call.Path == q.Call.Collection:
		return q.listed(found)
	case found.object == nil && q.Vantage == facts.PodNetwork:
		return p.put(ctx, q)
	case found.object == nil:
		return q.noSample(found)
	case read:
		return p.serverRead(ctx, q, objectPath(q.Call.Path, found.object), q.object)
	}
	asked, err := q.toConvert(found.object)
	if err != nil {
		return q.Attempt(facts.CouldNotAsk, "", err.Error())
	}
	begin := time.Now()
	a := p.put(ctx, asked)
	if a.Milliseconds == 0 {
		a.Milliseconds = max(1, time.Since(begin).Milliseconds())
	}
	return a
}

// toConvert is the question with the ConversionReview of that object.
func (q *question) toConvert(object *unstructured.Unstructured) (*question, error) {
	request := *q.Request
	var err error
	request.Review, err = json.Marshal(conversionReview{
		TypeMeta: metav1.TypeMeta{APIVersion: extensions + q.Call.ReviewVersion, Kind: "ConversionReview"},
		Request:  &conversionRequest{UID: uuid.NewUUID(), DesiredAPIVersion: q.Call.Want, Objects: []map[string]any{object.Object}},
	})
	asked := *q
	asked.Request = &request
	return &asked, err
}

// converted judges an answer as the API server does (k8s.io/apiextensions-apiserver
// pkg/apiserver/conversion/webhook_converter.go, getConvertedObjectsFromResponse,
// Convert and validateConvertedObject).
func (q *question) converted(content []byte) facts.Attempt {
	var sent, got conversionReview
	if err := json.Unmarshal(q.Review, &sent); err != nil {
		return q.Attempt(facts.CouldNotAsk, "", err.Error())
	}
	if err := json.Unmarshal(content, &got); err != nil {
		return q.Attempt(facts.BadAnswer, facts.NotReview, err.Error())
	}
	wrong := func(f facts.Fault, format string, args ...any) facts.Attempt {
		return q.Attempt(facts.BadAnswer, f, fmt.Sprintf(format, args...))
	}
	strict := q.Call.ReviewVersion == "v1"
	switch r := got.Response; {
	case got.Kind != sent.Kind:
		return wrong(facts.NotReview, "the answer is of kind %q", got.Kind)
	case got.APIVersion != sent.APIVersion:
		return wrong(facts.WrongVersion, "asked in %s, it answers in %q", sent.APIVersion, got.APIVersion)
	case r == nil:
		return wrong(facts.NoResponse, "no response provided")
	case strict && r.UID != sent.Request.UID:
		return wrong(facts.WrongUID, "expected response.uid=%q, got %q", sent.Request.UID, r.UID)
	case r.Result.Status != metav1.StatusSuccess && r.Result.Message != "":
		return q.Attempt(facts.Denied, "", r.Result.Message)
	case r.Result.Status != metav1.StatusSuccess:
		return q.Attempt(facts.Denied, "", fmt.Sprintf("response.result.status was %q, not Success", r.Result.Status))
	case len(r.ConvertedObjects) != 1:
		return wrong(facts.BadObjects, "returned %d objects, expected 1", len(r.ConvertedObjects))
	}
	if why := differs(sent.Request, got.Response.ConvertedObjects[0]); why != "" {
		return wrong(facts.BadObjects, "%s", why)
	}
	return q.Attempt(facts.Allowed, "", "")
}

// differs says what of the converted object the API server does not accept; empty
// if it accepts it.
func differs(asked *conversionRequest, raw json.RawMessage) string {
	in, out := &unstructured.Unstructured{Object: asked.Objects[0]}, &unstructured.Unstructured{}
	if err := out.UnmarshalJSON(raw); err != nil {
		return "the converted object can't be read: " + err.Error()
	}
	if _, ok := out.Object["metadata"].(map[string]any); !ok {
		return "the converted object has no metadata"
	}
	for _, f := range []struct{ name, want, got string }{
		{"apiVersion", asked.DesiredAPIVersion, out.GetAPIVersion()},
		{"kind", in.GetKind(), out.GetKind()},
		{"metadata.name", in.GetName(), out.GetName()},
		{"metadata.namespace", in.GetNamespace(), out.GetNamespace()},
		{"metadata.uid", string(in.GetUID()), string(out.GetUID())},
	} {
		if f.want != f.got {
			return fmt.Sprintf("%s of the converted object is not what it must be: %q, not %q", f.name, f.got, f.want)
		}
	}
	return ""
}
