// The name of every resource that another one asks for. Each follows from the token alone, so that a template that is run
// alone, as that of the stream host is by `azd deploy`, finds what the others made.

@export()
type resourceNames = {
  functions: string
  functionsPlan: string
  functionsIdentity: string
  functionsStorage: string
  streamHost: string
  streamHostIdentity: string
  containerEnvironment: string
  registry: string
  redis: string
  communication: string
  eventGridTopic: string
  recordsStorage: string
  ai: string
  workspace: string
  insights: string
  network: string
}

@export()
@description('The container of the records of calls.')
var recordsContainer = 'call-records'

@export()
@description('The container of the functions\' package.')
var packageContainer = 'package'

@export()
func namesOf(token string) resourceNames => {
  functions: 'func-${token}'
  functionsPlan: 'plan-${token}'
  functionsIdentity: 'id-functions-${token}'
  functionsStorage: 'stfn${token}'
  streamHost: 'ca-${token}'
  streamHostIdentity: 'id-stream-host-${token}'
  containerEnvironment: 'cae-${token}'
  registry: 'cr${token}'
  redis: 'redis-${token}'
  communication: 'acs-${token}'
  eventGridTopic: 'egst-${token}'
  recordsStorage: 'strec${token}'
  ai: 'ai-${token}'
  workspace: 'log-${token}'
  insights: 'appi-${token}'
  network: 'vnet-${token}'
}

@export()
@description('Names under which Azure\'s clients look for a service that has a private endpoint.')
func privateZones() { blob: string, redis: string, cognitiveServices: string, openAi: string, aiServices: string } => {
  blob: 'privatelink.blob.${environment().suffixes.storage}'
  redis: 'privatelink.redis.azure.net'
  cognitiveServices: 'privatelink.cognitiveservices.azure.com'
  openAi: 'privatelink.openai.azure.com'
  aiServices: 'privatelink.services.ai.azure.com'
}
