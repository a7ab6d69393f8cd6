package kube

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// stored is a release as Helm 3 stores it (helm.sh/helm/v3
// pkg/storage/driver/util.go, encodeRelease).
func stored(t testing.TB, release any) []byte {
	t.Helper()
	b, err := json.Marshal(release)
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return []byte(base64.StdEncoding.EncodeToString(packed.Bytes()))
}

type release = map[string]any

const chartManifest = `---
# Source: shop/templates/secret.yaml
apiVersion: v1
kind: Secret
metadata: {name: shop}
stringData: {password: hunter2}
--- # Source: shop/templates/fs.yaml
apiVersion: flowcontrol.apiserver.k8s.io/v1beta3
kind: FlowSchema
metadata:
  name: shop
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
---
apiVersion: v1
kind: List
items:
- {apiVersion: batch/v1beta1, kind: CronJob, metadata: {name: nightly}}
- {apiVersion: batch/v1, kind: CronJob, metadata: {name: weekly}}
`

var chartObjects = []facts.HelmObject{
	{APIVersion: "flowcontrol.apiserver.k8s.io/v1beta3", Kind: "FlowSchema", Name: "shop"},
	{APIVersion: "batch/v1beta1", Kind: "CronJob", Name: "nightly"},
}

func TestReadRelease(t *testing.T) {
	unpacked := func(s string) []byte { return []byte(base64.StdEncoding.EncodeToString([]byte(s))) }
	for _, c := range []struct {
		name   string
		stored []byte
		want   []facts.HelmObject
		err    error
		chart  string
	}{
		{"a chart", stored(t, release{"name": "shop", "version": 7, "manifest": chartManifest, "config": release{"password": "hunter2"}}), chartObjects, nil, ""},
		{"a chart for some versions alone", stored(t, release{"version": 7, "manifest": "", "chart": release{"metadata": release{"name": "rancher", "version": "2.14.0", "kubeVersion": "< 1.37.0-0", "description": "hunter2"}}}), nil, nil, "{  rancher 2.14.0 < 1.37.0-0}"},
		{"without gzip, as Helm once did", unpacked(`{"version":7,"manifest":"apiVersion: batch/v1beta1\nkind: CronJob\nmetadata: {name: nightly}\n"}`), chartObjects[1:], nil, ""},
		{"an empty manifest", stored(t, release{"version": 7, "manifest": ""}), nil, nil, ""},
		{"nothing", nil, nil, errNoManifest, ""},
		{"no base64", []byte("%"), nil, errNotHelm, ""},
		{"gzip that breaks off", unpacked("\x1f\x8b\x08"), nil, errNotHelm, ""},
		{"no JSON", stored(t, "hunter2"), nil, errNoManifest, ""},
		{"no manifest", stored(t, release{"version": 7}), nil, errNoManifest, ""},
		{"no YAML", stored(t, release{"version": 7, "manifest": "hunter2: {"}), nil, errNotReadable, ""},
		{"a bomb", stored(t, release{"manifest": strings.Repeat("#", mostRelease)}), nil, errTooLarge, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var r facts.HelmRelease
			var of facts.HelmChart
			err := readRelease(c.stored, &r, &of)
			if !errors.Is(err, c.err) {
				t.Errorf("%v, want %v", err, c.err)
			}
			if d := cmp.Diff(c.want, r.Objects); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
			if err == nil && r.Revision != 7 {
				t.Errorf("revision %d", r.Revision)
			}
			if c.chart != "" && fmt.Sprint(of) != c.chart {
				t.Errorf("the chart is %v", of)
			}
			if strings.Contains(fmt.Sprint(err, r, of), "hunter2") {
				t.Errorf("a secret is told: %v %+v", err, r)
			}
		})
	}
}

func FuzzReadRelease(f *testing.F) {
	f.Add(stored(f, release{"version": 7, "manifest": chartManifest}), chartManifest)
	f.Add([]byte("H4sI"), "--- x\n---\n- a\n---\n{items: [{}]}")
	f.Fuzz(func(t *testing.T, raw []byte, manifest string) {
		var r facts.HelmRelease
		var of facts.HelmChart
		_ = readRelease(raw, &r, &of)
		r = facts.HelmRelease{}
		if err := readRelease(stored(t, release{"version": 3, "manifest": manifest}), &r, &of); r.Revision != 3 {
			t.Errorf("revision %d: %v", r.Revision, err)
		}
		for _, o := range r.Objects {
			if o.APIVersion == "" || o.Kind == "" {
				t.Errorf("an object of nothing: %+v", o)
			}
		}
	})
}
