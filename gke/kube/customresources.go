package kube

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

const (
	customResourcesPath = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
	// customResourcesPage is small: a definition's schema may have a megabyte.
	customResourcesPage = 50
	// bundleAnnotation is by which definitions of Gateway API tell their release
	// (sigs.k8s.io/gateway-api pkg/consts/consts.go, BundleVersionAnnotation).
	bundleAnnotation = "gateway.networking.k8s.io/bundle-version"
)

// customResourceList is what is read of the definitions; the decoder skips their
// schemas.
type customResourceList struct {
	Metadata struct {
		ResourceVersion string `json:"resourceVersion"`
		Continue        string `json:"continue"`
	} `json:"metadata"`
	Items []struct {
		Metadata metav1.ObjectMeta `json:"metadata"`
		Spec     struct {
			Names struct {
				Kind string `json:"kind"`
			} `json:"names"`
			Scope    string `json:"scope"`
			Versions []struct {
				Name    string `json:"name"`
				Served  bool   `json:"served"`
				Storage bool   `json:"storage"`
			} `json:"versions"`
		} `json:"spec"`
		Status struct {
			StoredVersions []string `json:"storedVersions"`
			Conditions     []struct {
				Type   string `json:"type"`
				Status string `json:"status"`
			} `json:"conditions"`
		} `json:"status"`
	} `json:"items"`
}

func customResources(ctx context.Context, c *cluster) ([]facts.CustomResource, error) {
	out, err := twice(func() ([]facts.CustomResource, error) { return customResourcePages(ctx, c.reader) })
	slices.SortFunc(out, func(a, b facts.CustomResource) int { return strings.Compare(a.Name, b.Name) })
	return out, err
}

func customResourcePages(ctx context.Context, r *reader) ([]facts.CustomResource, error) {
	out := []facts.CustomResource{}
	next := ""
	var given tokens
	for {
		body, err := r.rawQuery(ctx, customResourcesPath, url.Values{"limit": {strconv.Itoa(customResourcesPage)}, "continue": {next}})
		if err != nil {
			return nil, err
		}
		var page customResourceList
		if err := json.Unmarshal(body, &page); err != nil {
			return nil, fmt.Errorf("%s: %w", customResourcesPath, err)
		}
		if page.Metadata.ResourceVersion == "" {
			return nil, errNoList
		}
		for _, item := range page.Items {
			d := facts.CustomResource{Name: item.Metadata.Name, Stored: item.Status.StoredVersions,
				Kind: item.Spec.Names.Kind, Namespaced: item.Spec.Scope == "Namespaced"}
			if !marked(&item.Metadata) {
				d.Bundle = item.Metadata.Annotations[bundleAnnotation]
			}
			for _, v := range item.Spec.Versions {
				if v.Served {
					d.Served = append(d.Served, v.Name)
				}
				if v.Storage {
					d.Storage = v.Name
				}
			}
			for _, c := range item.Status.Conditions {
				d.Established = d.Established || c.Type == "Established" && c.Status == "True"
			}
			out = append(out, d)
		}
		if next = page.Metadata.Continue; next == "" {
			return out, nil
		}
		if given.again(next) {
			return nil, errRepeats
		}
	}
}

// rawQuery is raw with a query, whose empty values are left out.
func (r *reader) rawQuery(ctx context.Context, path string, query url.Values) (body []byte, err error) {
	err = r.call(ctx, func(ctx context.Context) error {
		request := r.typed.Discovery().RESTClient().Get().AbsPath(path).SetHeader("Accept", "application/json")
		for name, values := range query {
			if values[0] != "" {
				request.Param(name, values[0])
			}
		}
		result := request.Do(ctx)
		if err := result.Error(); err != nil {
			return err
		}
		body, err = result.Raw()
		return err
	})
	return body, err
}
