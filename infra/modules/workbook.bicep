// A page in Application Insights that shows a call's path by its session's id: each span of both halves in order, the turns,
// whom they called, and the lines of the log. Its questions are files in `queries/workbook`.

param location string
param tags { *: string }
param insightsName string
@description('Where the telemetry is asked for: of Application Insights the tables have other names.')
param workspaceName string

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

resource workspace 'Microsoft.OperationalInsights/workspaces@2023-09-01' existing = {
  name: workspaceName
}

type part = {
  name: string
  title: string
  query: string
  @description('How it is drawn.')
  as: 'table' | 'timechart'
  @description('Whether a row that is chosen names the session of the others.')
  chooses: bool
  @description('Whether it is about one call, and is shown when there is one.')
  ofOneCall: bool
}

var parts part[] = [
  {
    name: 'first-sound'
    title: 'Until the first sound of an answer, all calls, ms'
    query: loadTextContent('../queries/workbook/first-sound.kql')
    as: 'timechart'
    chooses: false
    ofOneCall: false
  }
  {
    name: 'newest-calls'
    title: 'The newest calls: choose one, or write its session above'
    query: loadTextContent('../queries/workbook/newest-calls.kql')
    as: 'table'
    chooses: true
    ofOneCall: false
  }
  {
    name: 'path'
    title: 'Its path: all that was done for it, in order'
    query: loadTextContent('../queries/workbook/path.kql')
    as: 'table'
    chooses: false
    ofOneCall: true
  }
  {
    name: 'turns'
    title: 'Its turns'
    query: loadTextContent('../queries/workbook/turns.kql')
    as: 'table'
    chooses: false
    ofOneCall: true
  }
  {
    name: 'whom'
    title: 'Who called whom in it'
    query: loadTextContent('../queries/workbook/whom.kql')
    as: 'table'
    chooses: false
    ofOneCall: true
  }
  {
    name: 'lines'
    title: 'What was written about it'
    query: loadTextContent('../queries/workbook/lines.kql')
    as: 'table'
    chooses: false
    ofOneCall: true
  }
]

@description('What a workbook is, as the portal writes it: 9 is a form, 1 a text, 3 a question.')
var content = {
  version: 'Notebook/1.0'
  items: concat(
    [
      {
        type: 9
        name: 'parameters'
        content: {
          version: 'KqlParameterItem/1.0'
          style: 'pills'
          queryType: 0
          resourceType: 'microsoft.operationalinsights/workspaces'
          parameters: [
            {
              id: guid(resourceGroup().id, 'TimeRange')
              version: 'KqlParameterItem/1.0'
              name: 'TimeRange'
              label: 'Within'
              type: 4
              isRequired: true
              value: { durationMs: 86400000 }
              typeSettings: {
                selectableValues: [
                  { durationMs: 3600000 }
                  { durationMs: 86400000 }
                  { durationMs: 604800000 }
                  { durationMs: 2592000000 }
                ]
                allowCustom: true
              }
            }
            {
              id: guid(resourceGroup().id, 'Session')
              version: 'KqlParameterItem/1.0'
              name: 'Session'
              label: 'Session'
              type: 1
              isRequired: false
              value: ''
            }
          ]
        }
      }
    ],
    map(parts, it => {
      type: 3
      name: it.name
      ...(it.ofOneCall
        ? { conditionalVisibility: { parameterName: 'Session', comparison: 'isNotEqualTo', value: '' } }
        : {})
      content: {
        version: 'KqlItem/1.0'
        query: it.query
        size: 0
        title: it.title
        timeContextFromParameter: 'TimeRange'
        queryType: 0
        resourceType: 'microsoft.operationalinsights/workspaces'
        crossComponentResources: [workspace.id]
        visualization: it.as
        showExportToExcel: true
        ...(it.chooses ? { exportFieldName: 'session', exportParameterName: 'Session' } : {})
      }
    })
  )
  fallbackResourceIds: [workspace.id]
  '$schema': 'https://github.com/Microsoft/Application-Insights-Workbooks/blob/master/schema/workbook.json'
}

resource path 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(resourceGroup().id, 'call-path')
  location: location
  tags: union(tags, { 'hidden-title': 'A call’s path' })
  kind: 'shared'
  properties: {
    displayName: 'A call’s path'
    category: 'workbook'
    version: 'Notebook/1.0'
    sourceId: insights.id
    serializedData: string(content)
  }
}
