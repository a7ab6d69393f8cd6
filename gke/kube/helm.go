package kube

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/removals"
)

const (
	// helmSelector and helmType select what Helm 3 stores its releases in
	// (helm.sh/helm/v3 pkg/storage/driver/secrets.go), of each the one deployed.
	helmSelector = "owner=helm,status=deployed"
	helmType     = "type=helm.sh/release.v1"
	// helmPage is small: a release may have a megabyte.
	helmPage = 20
	// mostRelease bounds a release after it is unpacked.
	mostRelease = 32 << 20
)

// helmNotAsked is why no Secret is read.
var helmNotAsked = facts.Absence{Reason: facts.LeftOut, Detail: "Helm releases were not looked at: that reads Secrets (--helm)"}

// helmRead is what one pass over the releases gives.
type helmRead struct {
	releases []facts.HelmRelease
	charts   []facts.HelmChart
}

func helmReleases(_ context.Context, c *cluster) facts.Observation {
	return fromHelm(c, facts.HelmReleases, func(r helmRead) []facts.HelmRelease { return r.releases })
}

func helmCharts(_ context.Context, c *cluster) facts.Observation {
	return fromHelm(c, facts.HelmCharts, func(r helmRead) []facts.HelmChart { return r.charts })
}

// fromHelm is what is kept of the releases, if they were asked for.
func fromHelm[T any](c *cluster, k facts.Key[T], of func(helmRead) T) facts.Observation {
	if !c.options.Helm {
		return facts.Observation{Fact: k, Absence: helmNotAsked}
	}
	read, err := c.helm()
	if err != nil {
		return facts.Observation{Fact: k, Absence: Why(err)}
	}
	return facts.Present(k, of(read))
}

// readHelm reads the deployed releases. Nothing of a release outlives the page that it
// came with, but what [facts.HelmRelease] and [facts.HelmChart] hold.
func readHelm(ctx context.Context, c *cluster) (helmRead, error) {
	small := *c.reader
	small.options.PageSize = min(helmPage, c.options.PageSize)
	o := metav1.ListOptions{LabelSelector: helmSelector, FieldSelector: helmType}
	type both struct {
		release facts.HelmRelease
		chart   facts.HelmChart
	}
	all, err := list(ctx, &small, c.typed.CoreV1().Secrets("").List, o, func(s *corev1.Secret) (both, bool) {
		name := s.Labels["name"]
		b := both{facts.HelmRelease{Namespace: s.Namespace, Name: name}, facts.HelmChart{Namespace: s.Namespace, Name: name}}
		if err := readRelease(s.Data["release"], &b.release, &b.chart); err != nil {
			b.release.Problem = err.Error()
		}
		return b, true
	})
	out := helmRead{[]facts.HelmRelease{}, []facts.HelmChart{}}
	for _, b := range all {
		if b.release.Problem != "" || b.release.Objects != nil {
			out.releases = append(out.releases, b.release)
		}
		if b.chart.KubeVersion != "" {
			out.charts = append(out.charts, b.chart)
		}
	}
	return out, err
}

// What is wrong with a release is said without a word of what is in it.
var (
	errNotHelm     = errors.New("it is not stored as Helm 3 stores releases")
	errTooLarge    = errors.New("it unpacks to more than 32 MB")
	errNoManifest  = errors.New("its record is no JSON that holds a manifest")
	errNotReadable = errors.New("a document of its manifest is no YAML")
)

// readRelease unpacks a release, base64 over gzip over JSON, and keeps of it its
// revision, the objects whose APIs go away, and what its chart is for.
func readRelease(stored []byte, r *facts.HelmRelease, c *facts.HelmChart) error {
	packed := make([]byte, base64.StdEncoding.DecodedLen(len(stored)))
	n, err := base64.StdEncoding.Decode(packed, stored)
	if err != nil {
		return errNotHelm
	}
	unpacked, err := gunzip(packed[:n])
	if err != nil {
		return err
	}
	var release struct {
		Version  int     `json:"version"`
		Manifest *string `json:"manifest"`
		Chart    struct {
			Metadata struct {
				Name        string `json:"name"`
				Version     string `json:"version"`
				KubeVersion string `json:"kubeVersion"`
			} `json:"metadata"`
		} `json:"chart"`
	}
	if json.Unmarshal(unpacked, &release) != nil || release.Manifest == nil {
		return errNoManifest
	}
	r.Revision = release.Version
	m := release.Chart.Metadata
	c.Chart, c.Version, c.KubeVersion = m.Name, m.Version, m.KubeVersion
	return manifestObjects(*release.Manifest, r)
}

// gunzip unpacks b. Helm once stored releases without gzip, and still reads them.
func gunzip(b []byte) ([]byte, error) {
	if !bytes.HasPrefix(b, []byte{0x1f, 0x8b}) {
		return b, nil
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, errNotHelm
	}
	out, err := io.ReadAll(io.LimitReader(z, mostRelease+1))
	switch {
	case err != nil:
		return nil, errNotHelm
	case len(out) > mostRelease:
		return nil, errTooLarge
	}
	return out, nil
}

// A manifestObject is what is read of a document; a List holds others.
type manifestObject struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Metadata   struct {
		Name string `json:"name"`
	} `json:"metadata"`
	Items []manifestObject `json:"items"`
}

func manifestObjects(manifest string, r *facts.HelmRelease) error {
	for document := range strings.SplitSeq("\n"+manifest, "\n---") {
		// What follows the dashes on their line is a comment or nothing.
		_, body, _ := strings.Cut(document, "\n")
		var o manifestObject
		if yaml.Unmarshal([]byte(body), &o) != nil {
			return errNotReadable
		}
		o.into(r)
	}
	return nil
}

func (o manifestObject) into(r *facts.HelmRelease) {
	group, version, ok := strings.Cut(o.APIVersion, "/")
	if !ok {
		group, version = "", o.APIVersion
	}
	if a, ok := removals.OfKind(group, version, o.Kind); ok && a.Removed != "" {
		r.Objects = append(r.Objects, facts.HelmObject{APIVersion: o.APIVersion, Kind: o.Kind, Name: o.Metadata.Name})
	}
	for _, item := range o.Items {
		item.into(r)
	}
}
