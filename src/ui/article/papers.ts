/** The five papers, with titles and addresses as in docs/. */
export interface Paper {
  /** Key of its BibTeX entry. */
  key: string;
  title: string;
  arxiv: string;
  /** The authors' code and the libraries followed here. */
  code: readonly { name: string; address: string }[];
}

const github = (name: string, folder = '') => ({
  name,
  address: `https://github.com/${name}${folder}`,
});

export const papers: readonly Paper[] = [
  {
    key: 'lora',
    title: 'LoRA: Low-Rank Adaptation of Large Language Models',
    arxiv: '2106.09685',
    code: [github('microsoft/LoRA'), github('huggingface/peft')],
  },
  {
    key: 'adarank',
    title: 'AdaRank: Disagreement-Based Module Rank Prediction for Low-rank Adaptation',
    arxiv: '2408.09015',
    code: [github('google-research/google-research', '/tree/master/adaptive_low_rank')],
  },
  {
    key: 'qdylora',
    title: 'QDyLoRA: Quantized Dynamic Low-Rank Adaptation',
    arxiv: '2402.10462',
    code: [github('artidoro/qlora'), github('huawei-noah/Efficient-NLP')],
  },
  {
    key: 'losa',
    title: 'Dynamic Low-Rank Sparse Adaptation for Large Language Models',
    arxiv: '2502.14816',
    code: [github('wzhuang-xmu/LoSA'), github('locuslab/wanda')],
  },
  {
    key: 'compress-to-impress',
    title: 'Compress to Impress',
    arxiv: '2510.20800',
    code: [github('pratyushasharma/laser')],
  },
];

export const arxivAddress = (id: string): string => `https://arxiv.org/abs/${id}`;
