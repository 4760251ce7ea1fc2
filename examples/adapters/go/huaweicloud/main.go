// Adapter for huaweicloud-sdk-go-v3, the Go SDK of Huawei Cloud, which leaves paging to the caller.
package main

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/basic"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/sdkerr"
	ims "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/ims/v2"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/ims/v2/model"

	"adapters/protocol"
)

func main() { protocol.Serve(listImages) }

// listImages asks for pages that follow the last id, as long as a page has a next link.
func listImages(service protocol.Service, query map[string]protocol.Values) ([]string, error) {
	credentials, err := basic.NewCredentialsBuilder().
		WithAk(service.AccessKey).WithSk(service.SecretKey).WithProjectId(service.Project).SafeBuild()
	if err != nil {
		return nil, err
	}
	http, err := ims.ImsClientBuilder().WithEndpoint(service.URL).WithCredential(credentials).SafeBuild()
	if err != nil {
		return nil, err
	}
	client := ims.NewImsClient(http)
	request, err := typed(query)
	if err != nil {
		return nil, err
	}
	var ids []string
	for {
		page, err := client.GlanceListImages(request)
		if err != nil {
			return nil, reported(err)
		}
		// A response without images has nil here. That is no error of the SDK, so it must not become one here.
		if page.Images != nil {
			for _, image := range *page.Images {
				ids = append(ids, image.Id)
				request.Marker = &image.Id
			}
		}
		if page.Next == nil {
			return ids, nil
		}
	}
}

// typed returns the request of the SDK. The JSON tags of its fields are the names of the parameters.
func typed(query map[string]protocol.Values) (*model.GlanceListImagesRequest, error) {
	kinds := map[string]reflect.Kind{}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[model.GlanceListImagesRequest]()) {
		kinds[strings.TrimSuffix(field.Tag.Get("json"), ",omitempty")] = field.Type.Elem().Kind()
	}
	fields := map[string]any{}
	for name, values := range query {
		kind, found := kinds[name]
		if !found {
			return nil, protocol.Unsupported("GlanceListImagesRequest has no parameter " + name)
		}
		if len(values) != 1 {
			return nil, protocol.Unsupported("GlanceListImagesRequest takes one value of " + name)
		}
		if kind == reflect.Int32 || kind == reflect.Bool {
			fields[name] = json.RawMessage(values[0])
		} else {
			fields[name] = values[0]
		}
	}
	text, err := json.Marshal(fields)
	if err != nil {
		return nil, err
	}
	request := &model.GlanceListImagesRequest{}
	return request, json.Unmarshal(text, request)
}

func reported(err error) error {
	var response *sdkerr.ServiceResponseError
	if !errors.As(err, &response) {
		return err
	}
	return &protocol.Error{Status: response.StatusCode, Code: response.ErrorCode, Message: response.ErrorMessage}
}
