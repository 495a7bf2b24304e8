import type { CueLists } from '../cue-lists.ts';

export const pt: CueLists = {
  voicemail: `
    deixe sua mensagem, deixe a sua mensagem, deixe seu recado, deixe o seu recado, deixe uma mensagem,
    deixe um recado, deixar mensagem, deixar uma mensagem, deixar recado, deixe mensagem, deixe recado,
    deixa mensagem, deixa uma mensagem, deixe o seu nome, deixe seu nome, grave sua mensagem, grave a sua mensagem,
    grave seu recado, após o sinal, depois do sinal, após o bip, após o bipe, depois do bip, após o tom,
    depois do tom, caixa postal, caixa de mensagens, caixa de correio, correio de voz, secretária eletrônica,
    atendedor de chamadas, atendedor, mensagem de voz, não posso atender, não podemos atender, não pode atender,
    não posso falar, retornarei, retornaremos, ligarei de volta, ligo de volta, entrarei em contato,
    entraremos em contato, entrarei em contacto, assim que possível, logo que possível`,
  unavailable: `
    número que você ligou, número discado, número chamado, número para o qual ligou, número que marcou,
    número marcado, número de telefone não existe, não existe, não está atribuído, não se encontra atribuído,
    está desligado, desligado ou fora, fora da área, fora de área, fora de serviço, não está disponível de momento,
    telefone chamado, telemóvel que marcou, telemóvel para, assinante, tente novamente, tente mais tarde,
    ligue mais tarde, por favor tente, não pode ser completada, não foi possível completar,
    temporariamente indisponível`,
  menu: `
    digite um, digite dois, digite 1, digite 2, digite 3, digite o, digite a, digite seu, tecle um, tecle 1, tecle,
    pressione, prima um, prima 1, prima a, marque um, marque 1, disque, opções a seguir, seguintes opções,
    menu principal, escolha uma, selecione, diga em, em poucas palavras, tecla cardinal, jogo da velha,
    para português, para vendas, para falar com, para atendimento, para suporte, se souber, introduza`,
  recorded: `
    a sua chamada, sua ligação, sua chamada, poderá ser gravada, será gravada, está sendo gravada,
    não estou disponível, não estamos disponíveis, não estou em casa, não estamos em casa, horário de atendimento,
    nosso horário, aguarde na linha, todos os nossos atendentes, estamos fechados, estamos encerrados,
    no momento não estou, no momento não estamos, neste momento não estou, neste momento não estamos`,
  formal: `
    você ligou para, ligou para, não está disponível, no momento não, neste momento não, aguarde um momento,
    bem-vindo, obrigado por ligar, obrigada por ligar`,
  person: `
    quem fala, quem é, quem está falando, com quem falo, com quem eu falo, quem gostaria, em que posso ajudar,
    como posso ajudar, posso ajudar, em que posso ser útil, pois não, estou sim, está lá, alô alô, sim alô,
    alô sim, alô quem, está me ouvindo, me ouve, consegue me ouvir, estou ouvindo, um momentinho, só um momento,
    só um minuto, diga, pode falar, é você, estou dirigindo, estou a conduzir`,
};
