package kube

import (
	"context"
	"encoding/base64"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// apiService is what is read of an APIService, whose own types are in
// k8s.io/kube-aggregator.
type apiService struct {
	Metadata metav1.ObjectMeta `json:"metadata"`
	Spec     struct {
		Group   string `json:"group"`
		Version string `json:"version"`
		Service *struct {
			Namespace string `json:"namespace"`
			Name      string `json:"name"`
			Port      *int32 `json:"port"`
		} `json:"service"`
		// CABundle is base64, as JSON has it.
		CABundle              string `json:"caBundle"`
		InsecureSkipTLSVerify bool   `json:"insecureSkipTLSVerify"`
		GroupPriorityMinimum  int32  `json:"groupPriorityMinimum"`
		VersionPriority       int32  `json:"versionPriority"`
	} `json:"spec"`
	Status struct {
		Conditions []struct {
			Type    string `json:"type"`
			Status  string `json:"status"`
			Reason  string `json:"reason"`
			Message string `json:"message"`
		} `json:"conditions"`
	} `json:"status"`
}

func readAPIServices(ctx context.Context, c *cluster) ([]facts.APIService, error) {
	query := c.dynamic.Resource(schema.GroupVersionResource{Group: "apiregistration.k8s.io", Version: "v1", Resource: "apiservices"}).List
	var broken error
	out, err := list(ctx, c.reader, query, metav1.ListOptions{}, func(u *unstructured.Unstructured) (facts.APIService, bool) {
		var s apiService
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, &s); err != nil {
			broken = err
		}
		f, err := s.fact()
		if err != nil {
			broken = err
		}
		return f, true
	})
	if err == nil {
		err = broken
	}
	return out, err
}

func (s apiService) fact() (facts.APIService, error) {
	out := facts.APIService{Name: s.Metadata.Name, Labels: s.Metadata.Labels, Group: s.Spec.Group, Version: s.Spec.Version,
		GroupPriorityMinimum: s.Spec.GroupPriorityMinimum, VersionPriority: s.Spec.VersionPriority}
	if s.Spec.Service != nil {
		out.Service, out.Port = s.Spec.Service.Namespace+"/"+s.Spec.Service.Name, 443
		if s.Spec.Service.Port != nil {
			out.Port = *s.Spec.Service.Port
		}
		out.InsecureSkipTLSVerify = s.Spec.InsecureSkipTLSVerify
	}
	for _, c := range s.Status.Conditions {
		if c.Type == "Available" {
			out.Available, out.Reason = c.Status, c.Reason
			if c.Status != string(metav1.ConditionTrue) {
				out.Message = c.Message
			}
		}
	}
	var err error
	if out.CABundle, err = base64.StdEncoding.DecodeString(s.Spec.CABundle); err != nil {
		return out, fmt.Errorf("caBundle of APIService %s: %w", out.Name, err)
	}
	if len(out.CABundle) == 0 {
		out.CABundle = nil
	}
	return out, nil
}
